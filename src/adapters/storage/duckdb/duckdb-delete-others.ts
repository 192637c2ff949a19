import { keyIndexes } from '#domain/dataset/dataset.ts';
import { literal } from '../sql/identifier.ts';
import { columnNames, currentTable, HISTORY_COLUMN_NAMES, historyTable, propertyColumn } from './duckdb-layout.ts';
import type { LoadContext, StagedTable } from './duckdb-load-context.ts';

interface DeleteOthers {
  /** The first number of the load: what has a lower one stood before it. */
  readonly firstSeq: number;
  readonly nextSeq: number;
  readonly at: string;
  readonly originId: number;
}

/** Deletes what stood before the load and what no row of it means, inside the session's transaction. @returns how many */
export async function deleteOthers(
  { request, session }: LoadContext,
  tables: readonly StagedTable[],
  { firstSeq, nextSeq, at, originId }: DeleteOthers,
): Promise<number> {
  const { dataset } = request;
  const current = currentTable(dataset);
  const key = keyIndexes(dataset).flatMap((index) => {
    const property = dataset.properties[index];
    return property === undefined ? [] : [{ staged: `p${index}`, stored: propertyColumn(property) }];
  });
  const identity = key.length > 0 ? key : [{ staged: 'gid', stored: '_id' }];
  const staged = identity.map((column) => column.staged).join(', ');
  const brought = tables.map(({ table }) => `SELECT ${staged} FROM ${table} WHERE ok`).join(' UNION ALL ');
  const matches = identity.map((column) => `c.${column.stored} = s.${column.staged}`).join(' AND ');
  await session.execute(
    `CREATE OR REPLACE TEMP TABLE leaving AS SELECT c._id AS id FROM ${current} c ANTI JOIN (${brought}) s ON ${matches} ` +
      `WHERE c._seq < ${firstSeq}`,
  );
  const columns = columnNames(dataset);
  await session.execute(
    `INSERT INTO ${historyTable(dataset)} (${columns}, ${HISTORY_COLUMN_NAMES.join(', ')}) SELECT ${columns}, ` +
      `${nextSeq - 1} + row_number() OVER (ORDER BY _seq), TIMESTAMP ${literal(at.slice(0, -1))}, ${originId}, TRUE ` +
      `FROM ${current} WHERE _id IN (SELECT id FROM temp.leaving)`,
  );
  const [deleted] = await session.rows(`DELETE FROM ${current} WHERE _id IN (SELECT id FROM temp.leaving)`);
  return Number(deleted?.[0] ?? 0);
}
