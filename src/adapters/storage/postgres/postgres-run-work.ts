import type { RunWorkRequest } from '#application/ports/run-log.ts';
import { type RunWork, touchedRecords } from '#domain/record/run-work.ts';
import { runWorkSql } from '../sql/run-work-sql.ts';
import type { PostgresConnection } from './postgres-connection.ts';
import { currentTable, historyTable, ORIGINS } from './postgres-layout.ts';
import { recordColumns, recordReader } from './postgres-records.ts';

/** The work of a run, of one snapshot. */
export function readRunWork(
  connection: PostgresConnection,
  { dataset, run, limit }: Omit<RunWorkRequest, 'signal'>,
): Promise<RunWork> {
  const tables = { current: currentTable(dataset), history: historyTable(dataset), origins: ORIGINS };
  const sql = runWorkSql({ ...tables, columns: recordColumns(dataset, null) }, run, limit);
  const read = recordReader(dataset, null);
  const records = async (text: string) => (await connection.rows(text)).map(read);
  return connection.snapshot(async () => {
    const overtaken = (await connection.rows(sql.overtaken)).map(([id]) => String(id));
    const standing = (await connection.rows(sql.standing)).map(([id, version]) => ({
      id: String(id),
      version: Number(version),
    }));
    const touched = touchedRecords(standing, await records(sql.before), await records(sql.gone), limit);
    return { overtaken, touched };
  });
}
