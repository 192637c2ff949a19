import type { RunWorkRequest } from '#application/ports/run-log.ts';
import { type RunWork, touchedRecords } from '#domain/record/run-work.ts';
import { runWorkSql } from '../sql/run-work-sql.ts';
import type { SqliteConnection } from './sqlite-connection.ts';
import { currentTable, historyTable, ORIGINS } from './sqlite-layout.ts';
import { recordColumns, recordReader } from './sqlite-records.ts';

/** The work of a run, of one snapshot. */
export function readRunWork(
  connection: SqliteConnection,
  { dataset, run, limit }: Omit<RunWorkRequest, 'signal'>,
): RunWork {
  const tables = { current: currentTable(dataset), history: historyTable(dataset), origins: ORIGINS };
  const sql = runWorkSql({ ...tables, columns: recordColumns(dataset, null) }, run, limit);
  const read = recordReader(dataset, null);
  const records = (text: string) => connection.rows(text, []).map(read);
  return connection.snapshot(() => {
    const overtaken = connection.rows(sql.overtaken, []).map(([id]) => String(id));
    const standing = connection.rows(sql.standing, []).map(([id, version]) => ({
      id: String(id),
      version: Number(version),
    }));
    return { overtaken, touched: touchedRecords(standing, records(sql.before), records(sql.gone), limit) };
  });
}
