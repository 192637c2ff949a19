import type { RunWorkRequest } from '#application/ports/run-log.ts';
import type { StoredRecord } from '#domain/record/record.ts';
import { type RunWork, touchedRecords, undoingRun } from '#domain/record/run-work.ts';
import type { MemoryStore } from './memory-store.ts';
import type { MemoryTable } from './memory-table.ts';

/** The work of a run. */
export function readRunWork(
  { origins }: MemoryStore,
  table: MemoryTable,
  { run, limit }: Pick<RunWorkRequest, 'run' | 'limit'>,
): RunWork {
  const makersFor = (name: string) => new Set(origins.filter((origin) => origin.run === name).map(({ id }) => id));
  const [mine, undoing] = [makersFor(run), makersFor(undoingRun(run))];
  const isMine = (seq: number) => mine.has(table.makerOf(seq));
  const isOthers = (seq: number) => !isMine(seq) && !undoing.has(table.makerOf(seq));
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
