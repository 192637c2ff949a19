import type { Dataset } from '#domain/dataset/dataset.ts';
import { microsecondsOf } from '#domain/record/time.ts';
import type { CommitStamp } from '#domain/record/write-draft.ts';
import type { SqliteConnection } from './sqlite-connection.ts';
import { columnNames, currentTable, HISTORY_COLUMN_NAMES, historyTable } from './sqlite-layout.ts';

interface DeleteOthers {
  readonly stamp: CommitStamp;
  readonly nextSeq: number;
  readonly originId: number;
  /** Ids of records that stood before the load and that it left as they were. */
  readonly kept: Iterable<string>;
}

/** Deletes what stood before a load and what no row of it means, inside the writer's transaction. @returns how many */
export function deleteOthers(
  connection: SqliteConnection,
  dataset: Dataset,
  { stamp, nextSeq, originId, kept }: DeleteOthers,
): number {
  connection.run('CREATE TEMP TABLE IF NOT EXISTS kept (id TEXT PRIMARY KEY) WITHOUT ROWID', []);
  connection.run('DELETE FROM temp.kept', []);
  const keep = connection.statement('INSERT OR IGNORE INTO temp.kept VALUES (?1)');
  for (const id of kept) keep.run(id);
  const columns = columnNames(dataset).join(', ');
  const leaving = 'WHERE _seq < ?1 AND _id NOT IN (SELECT id FROM temp.kept)';
  connection.run(
    `INSERT INTO ${historyTable(dataset)} (${HISTORY_COLUMN_NAMES.join(', ')}, ${columns}) ` +
      `SELECT ?2 + row_number() OVER (ORDER BY _seq), ?3, ?4, 1, ${columns} FROM ${currentTable(dataset)} ${leaving}`,
    [stamp.firstSeq, nextSeq - 1, microsecondsOf(stamp.at), originId],
  );
  const deleted = connection.run(`DELETE FROM ${currentTable(dataset)} ${leaving}`, [stamp.firstSeq]);
  connection.run('DELETE FROM temp.kept', []);
  return deleted;
}
