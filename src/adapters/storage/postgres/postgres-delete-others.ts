import type { BulkRequest } from '#application/ports/bulk-loader.ts';
import { type OpenCommit, resolveOrigins } from './postgres-commits.ts';
import { columnNames, currentTable, HISTORY_COLUMN_NAMES, historyTable } from './postgres-layout.ts';
import { nameOfOrigin } from './postgres-origins.ts';

/**
 * Deletes what stood before a load and what no row of it means, inside its commit.
 * @param kept ids of records that stood before and that it left as they were
 * @returns how many
 */
export async function deleteOthers(
  commit: OpenCommit,
  { dataset, origin }: BulkRequest,
  nextSeq: number,
  kept: readonly string[],
): Promise<number> {
  const { connection, stamp } = commit;
  const origins = await resolveOrigins(commit, [origin]);
  const columns = columnNames(dataset).join(', ');
  return connection.run(
    `WITH gone AS (DELETE FROM ${currentTable(dataset)} WHERE _seq < $1::bigint AND _id NOT IN (SELECT unnest($2::uuid[])) RETURNING ${columns}) ` +
      `INSERT INTO ${historyTable(dataset)} (${HISTORY_COLUMN_NAMES.join(', ')}, ${columns}) ` +
      `SELECT $3::bigint + row_number() OVER (ORDER BY _seq), $4::timestamp, $5::integer, true, ${columns} FROM gone`,
    [
      String(stamp.firstSeq),
      `{${kept.join(',')}}`,
      String(nextSeq - 1),
      stamp.at,
      String(origins.get(nameOfOrigin(origin)) ?? 0),
    ],
  );
}
