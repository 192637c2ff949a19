import type { RunWorkRequest } from '#application/ports/run-log.ts';
import { type RunWork, touchedRecords } from '#domain/record/run-work.ts';
import { runWorkSql } from '../sql/run-work-sql.ts';
import { currentTable, historyTable } from './duckdb-layout.ts';
import { readRecord, recordColumns } from './duckdb-rows.ts';
import type { DuckDbSession } from './duckdb-session.ts';

/** The work of a run, of one snapshot. */
export function readRunWork(session: DuckDbSession, { dataset, run, limit }: RunWorkRequest): Promise<RunWork> {
  const tables = { current: currentTable(dataset), history: historyTable(dataset), origins: 'forge.origins' };
  const sql = runWorkSql({ ...tables, columns: recordColumns(dataset) }, run, limit);
  const records = async (text: string) => (await session.rows(text)).map((row) => readRecord(dataset, row));
  return session.transaction(async () => {
    const overtaken = (await session.rows(sql.overtaken)).map(([id]) => String(id));
    const standing = (await session.rows(sql.standing)).map(([id, version]) => ({
      id: String(id),
      version: Number(version),
    }));
    const touched = touchedRecords(standing, await records(sql.before), await records(sql.gone), limit);
    return { overtaken, touched };
  });
}
