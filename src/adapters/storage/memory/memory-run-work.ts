import type { RunWorkRequest } from '#application/ports/run-log.ts';
import type { StoredRecord } from '#domain/record/record.ts';
import { type RunWork, touchedRecords, undoingRun } from '#domain/record/run-work.ts';
import type { MemoryTable } from './memory-table.ts';

/** The work of a run. */
export function readRunWork(table: MemoryTable, { run, limit }: Pick<RunWorkRequest, 'run' | 'limit'>): RunWork {
  const isMine = (seq: number) => table.runOf(seq) === run;
  const isOthers = (seq: number) => !isMine(seq) && table.runOf(seq) !== undoingRun(run);
  const overtaken = new Set<string>();
  const before: StoredRecord[] = [];
  for (const { record, toSeq } of table.history) {
    if (isMine(record.seq) && isOthers(toSeq)) overtaken.add(record.id);
    if (!isMine(record.seq) && isMine(toSeq)) before.push(record);
  }
  const standing = table.records(null).filter(({ seq }) => isMine(seq));
  const gone = before.filter(({ id }) => table.get(id) === null);
  return { overtaken: [...overtaken].slice(0, limit), touched: touchedRecords(standing, before, gone, limit) };
}
