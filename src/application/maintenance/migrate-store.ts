import { DataForgeError } from '#domain/errors.ts';
import type { RecordBatch } from '#domain/record/batch.ts';
import type { NewRowsChecksum } from '../ports/rows-checksum.ts';
import type { StoreExport, StoreFacts, StoreImport } from '../ports/store-transfer.ts';
import { type ComparedPart, compareStores } from './compare-stores.ts';
import { type CopyNote, type CopyStep, fingerprintOf, lastNumberOf, stepsOf } from './copy-steps.ts';

/** A store, and what people call it. */
interface Named<T> {
  readonly store: T;
  readonly name: string;
}

export interface MigrateRequest {
  readonly from: Named<StoreExport>;
  readonly to: Named<StoreImport>;
  readonly newChecksum: NewRowsChecksum;
  readonly onProgress: (progress: MigrationProgress) => void;
  /** Breaks off between two blocks; the same request goes on from there. */
  readonly signal: AbortSignal;
}

export interface MigrationProgress {
  readonly phase: 'copy' | 'compare';
  /** Rows since the last report. */
  readonly rows: number;
  /** Of the phase; to compare, both sides are read. */
  readonly total: number;
  /** Rows that an earlier run had copied. */
  readonly before: number;
}

export interface Migration {
  readonly rows: number;
  /** Each part as it is on both sides. The copy is live where all are the same, and stays unfinished where one differs. */
  readonly parts: readonly ComparedPart[];
}

/**
 * Makes an empty store a copy of another: datasets, rows with their ids, versions, times, numbers and makers, history,
 * marks and what was forgotten of it. The target notes after each block how far it has come, so that a copy that was
 * broken off, at any moment, goes on from there.
 * @throws DataForgeError `invalid_parameter` where the target is neither empty nor the begun copy of this source, `cancelled`
 */
export async function migrateStore(request: MigrateRequest): Promise<Migration> {
  const { from, to } = request;
  const facts = sorted(await from.store.facts());
  const total = facts.datasets.reduce((sum, { rows }) => sum + rows.current + rows.former, 0);
  const fingerprint = fingerprintOf(facts);
  const { note, isFinished } = await openCopy(request, facts, fingerprint);
  if (!isFinished) await copy(request, facts, note, total);
  const reading = await to.store.reading();
  let parts: readonly ComparedPart[];
  try {
    const found = sorted(await reading.facts());
    if (isFinished && found.head !== facts.head) throw notEmpty(to.name);
    parts = await compareStores(
      { facts, store: from.store },
      { facts: found, store: reading },
      request.newChecksum,
      (rows) => {
        refuseBrokenOff(request.signal);
        request.onProgress({ phase: 'compare', rows, total: 2 * total, before: 0 });
      },
    );
  } finally {
    await reading.close();
  }
  if (!isFinished && parts.every(({ same }) => same)) {
    await to.store.finish(JSON.stringify({ ...note, step: stepsOf(facts).length } satisfies CopyNote));
  }
  return { rows: total, parts };
}

/** How far a copy has come; a new one is begun where the target is empty. */
async function openCopy(
  { from, to }: MigrateRequest,
  facts: StoreFacts,
  fingerprint: string,
): Promise<{ readonly note: CopyNote; readonly isFinished: boolean }> {
  const { state, note: text } = await to.store.state();
  if (state === 'empty') {
    const note: CopyNote = { source: fingerprint, step: 0, after: 0, rows: 0 };
    await to.store.begin(facts, JSON.stringify(note));
    return { note, isFinished: false };
  }
  if (state === 'other' || text === null) throw notEmpty(to.name);
  const note = JSON.parse(text) as CopyNote;
  if (note.source === fingerprint) return { note, isFinished: state === 'finished' };
  if (state === 'finished') throw notEmpty(to.name);
  throw new DataForgeError(
    'invalid_parameter',
    `The copy begun in ${to.name} is of another store, or ${from.name} has changed since; remove it and run the command again to begin anew.`,
  );
}

async function copy(request: MigrateRequest, facts: StoreFacts, begun: CopyNote, total: number): Promise<void> {
  const { from, to, onProgress, signal } = request;
  let { rows } = begun;
  onProgress({ phase: 'copy', rows: 0, total, before: begun.rows });
  const steps = stepsOf(facts);
  for (const [at, step] of steps.entries()) {
    if (at < begun.step) continue;
    if (step === 'marks') {
      for await (const marks of from.store.marks()) {
        refuseBrokenOff(signal);
        await to.store.addMarks(marks, JSON.stringify({ ...begun, step: at, after: 0, rows } satisfies CopyNote));
      }
      continue;
    }
    const after = at === begun.step ? begun.after : 0;
    for await (const batch of readAhead(from.store.rows(step.dataset, step.part, after))) {
      refuseBrokenOff(signal);
      rows += batch.length;
      await to.store.addRows(step.dataset, step.part, batch, noteOf(begun, at, step, batch, rows));
      onProgress({ phase: 'copy', rows: batch.length, total, before: begun.rows });
    }
  }
}

function noteOf(begun: CopyNote, at: number, step: Exclude<CopyStep, 'marks'>, batch: RecordBatch, rows: number) {
  return JSON.stringify({ ...begun, step: at, after: lastNumberOf(step, batch), rows } satisfies CopyNote);
}

/** Reads the next block while the last one is stored. */
async function* readAhead<T>(blocks: AsyncIterable<T>): AsyncGenerator<T> {
  const iterator = blocks[Symbol.asyncIterator]();
  let next = iterator.next();
  try {
    for (;;) {
      const { done, value } = await next;
      if (done) return;
      next = iterator.next();
      next.catch(() => {});
      yield value;
    }
  } finally {
    await next.catch(() => {});
    await iterator.return?.();
  }
}

function sorted(facts: StoreFacts): StoreFacts {
  const datasets = facts.datasets.toSorted((a, b) => (a.dataset.name < b.dataset.name ? -1 : 1));
  return { ...facts, datasets, origins: facts.origins.toSorted((a, b) => a.id - b.id) };
}

function refuseBrokenOff(signal: AbortSignal): void {
  if (!signal.aborted) return;
  throw new DataForgeError('cancelled', 'Broken off; the same command goes on from here.', { cause: signal.reason });
}

function notEmpty(target: string): DataForgeError {
  return new DataForgeError(
    'invalid_parameter',
    `There is a store in ${target} already, and it is not the begun copy of this source; name an empty place, or remove it.`,
  );
}
