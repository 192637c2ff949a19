import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BatchStore, StoreBatchRequest, StoredBatch } from '#application/ports/batch-store.ts';
import type { SourceRows } from '#application/ports/source.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { RowPipeline } from '#domain/pipeline/pipeline.ts';
import { until } from '../../support/until.ts';

/** A batch store with the pipelines and datasets of `fixture.ts`. */
export interface OpenedBatchStore {
  readonly store: BatchStore;
  pipeline(name: string): RowPipeline;
  /** The records of a dataset, each as its JSON with the names of the columns, in the order in which they were stored. */
  stored(dataset: string): Promise<readonly string[]>;
  readonly dispose: () => Promise<void>;
}

type Put = Partial<Omit<StoreBatchRequest, 'pipeline'>> & { readonly pipeline?: string };

/** Puts a batch by `holder`, as number 1 of run `r`, where nothing else is said. */
export function put({ store, pipeline }: OpenedBatchStore, asked: Put): Promise<StoredBatch> {
  const { number = 1, pipeline: name = 'log' } = asked;
  return store.store({
    run: 'r',
    rows: null,
    cursor: () => ({ at: number }),
    caller: 'tester',
    holder: 'holder',
    signal: new AbortController().signal,
    ...asked,
    number,
    pipeline: pipeline(name),
  });
}

export function take({ store, pipeline }: OpenedBatchStore, name = 'log', holder = 'holder') {
  return store.take(pipeline(name), holder, 'tester');
}

/** Rows with these ids. */
export function rowsOf(...ids: readonly unknown[]): SourceRows {
  return ndjson(ids.map((id) => JSON.stringify({ id })).join('\n'));
}

function ndjson(text: string): SourceRows {
  return { format: 'ndjson', body: pieces(Buffer.from(text)) };
}

async function* pieces(...all: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* all;
}

/** What every batch store has to do. */
export function describeBatchStore(name: string, open: () => Promise<OpenedBatchStore>): void {
  describe(`${name} as a batch store`, () => {
    let opened: OpenedBatchStore;
    beforeEach(async () => {
      opened = await open();
    });
    afterEach(() => opened.dispose());

    const idsOf = async (dataset = 'log') =>
      (await opened.stored(dataset)).map((line) => JSON.parse(line).id).sort((a, b) => a - b);

    test('rows, cursor and counts become true together, and the cursor is asked for behind the last row', async () => {
      expect(await opened.store.state('log')).toBe(null);
      expect(await take(opened)).toMatchObject({ run: null, batch: 0, cursor: null, holder: 'holder' });
      let isRead = false;
      const body = async function* () {
        yield Buffer.from('{"id":1,"name":"a","price":1.5}\n{"id"');
        await sleep(20);
        yield Buffer.from(':2}\n');
        isRead = true;
      };
      const rows: SourceRows = { format: 'ndjson', body: body() };
      const first = await put(opened, { rows, cursor: () => ({ isRead, odd: 'é "\u0000 😀', deep: [{ n: 0.1 }] }) });
      expect(first).toMatchObject({
        repeated: false,
        state: {
          run: 'r',
          batch: 1,
          holder: 'holder',
          source: 'files',
          cursor: { isRead: true, odd: 'é "\u0000 😀', deep: [{ n: 0.1 }] },
          counts: { created: 2, batches: 1, bytes: 41 },
          setAside: [],
        },
      });
      expect(await opened.store.state('log')).toEqual(first.state);
      expect(await put(opened, { number: 2 })).toMatchObject({
        state: { batch: 2, cursor: { at: 2 }, counts: { created: 2, batches: 2 } },
      });
      expect(await idsOf()).toEqual([1, 2]);
      expect(await put(opened, { run: 's', rows: rowsOf(3) })).toMatchObject({
        state: { run: 's', batch: 1, counts: { created: 1, batches: 1 } },
      });
      expect(await idsOf()).toEqual([1, 2, 3]);
    });

    test('a batch without a byte in it moves the cursor', async () => {
      await take(opened);
      const rows: SourceRows = { format: 'ndjson', body: pieces() };
      expect(await put(opened, { rows })).toMatchObject({ state: { cursor: { at: 1 }, counts: { created: 0 } } });
    });

    test('a batch that comes again is answered and not stored, however large it is', async () => {
      await take(opened);
      const first = await put(opened, { rows: rowsOf(1, 2) });
      expect(await put(opened, { rows: rowsOf(1, 2) })).toEqual({ repeated: true, state: first.state });
      const large = async function* () {
        for (let at = 0; at < 500; at++) yield Buffer.from('{"id":7}\n'.repeat(5000));
      };
      expect(await put(opened, { rows: { format: 'ndjson', body: large() } })).toMatchObject({ repeated: true });
      await put(opened, { number: 2, rows: rowsOf(3) });
      expect(await put(opened, { rows: rowsOf(9) })).toMatchObject({ repeated: true, state: { batch: 2 } });
      expect(await idsOf()).toEqual([1, 2, 3]);
    });

    test('of a batch that is sent several times at once one is stored', async () => {
      await take(opened);
      const outcomes = await Promise.allSettled([1, 2, 3].map(() => put(opened, { rows: rowsOf(1) })));
      expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'version_moved' });
      }
      expect(await idsOf()).toEqual([1]);
    });

    test('whoever took the pipeline before is refused, and stores nothing', async () => {
      await take(opened, 'log', 'old');
      await put(opened, { holder: 'old', rows: rowsOf(1) });
      expect(await take(opened, 'log', 'new')).toMatchObject({ run: 'r', batch: 1, holder: 'new' });
      const late = put(opened, { holder: 'old', number: 2, rows: rowsOf(2) });
      await expect(late).rejects.toMatchObject({ code: 'version_moved', message: expect.stringContaining('Another') });
      await expect(put(opened, { holder: 'old', number: 2 })).rejects.toMatchObject({ code: 'version_moved' });
      expect(await put(opened, { holder: 'new', number: 2, rows: rowsOf(2) })).toMatchObject({ state: { batch: 2 } });
      expect(await idsOf()).toEqual([1, 2]);
    });

    test('a pipeline that is taken in the middle of a batch gets none of it', async () => {
      await take(opened);
      const body = async function* () {
        yield Buffer.from('{"id":1}\n');
        await take(opened, 'log', 'another');
        yield Buffer.from('{"id":2}\n');
      };
      const late = put(opened, { rows: { format: 'ndjson', body: body() } });
      await expect(late).rejects.toMatchObject({ code: 'version_moved' });
      expect(await idsOf()).toEqual([]);
    });

    test('a row that does not fit ends a batch whose contract is freeze', async () => {
      await take(opened);
      const asked = put(opened, { rows: rowsOf(1, 'one', 3) });
      await expect(asked).rejects.toMatchObject({ code: 'invalid_value', retryable: false });
      expect(await idsOf()).toEqual([]);
      expect(await opened.store.state('log')).toMatchObject({ run: null, batch: 0 });
      const broken = put(opened, { rows: ndjson('{"id":1}\n{"id":') });
      await expect(broken).rejects.toMatchObject({ code: 'invalid_body' });
      expect(await idsOf()).toEqual([]);
    });

    test('a row that does not fit is set aside by quarantine, with its line and as it came', async () => {
      await take(opened, 'aside');
      const { state } = await put(opened, { pipeline: 'aside', rows: ndjson('{"id":1}\n{"id":"one" }\n{"id":3}\n') });
      expect(state).toMatchObject({ counts: { created: 2, rejected: 1 }, setAside: [] });
      const csv: SourceRows = { format: 'csv', body: pieces(Buffer.from('id,name\n4,"a\nb"\nfive,"c, d"\n')) };
      await put(opened, { pipeline: 'aside', number: 2, rows: csv });
      expect(await idsOf()).toEqual([1, 3, 4]);
      const aside = (await opened.stored('set_aside')).map((line) => JSON.parse(line));
      expect(aside).toMatchObject([
        { pipeline: 'aside', run: 'r', batch: 1, line: 2, format: 'ndjson', row: '{"id":"one" }' },
        { pipeline: 'aside', run: 'r', batch: 2, format: 'csv', row: expect.stringContaining('five,"c, d"') },
      ]);
    });

    test('a dataset grows with rows whose contract is evolve', async () => {
      await take(opened, 'growing');
      const rows = ndjson('{"id":1,"name":"a"}\n{"id":2,"colour":"red"}\n');
      expect(await put(opened, { pipeline: 'growing', rows })).toMatchObject({ state: { counts: { created: 2 } } });
      expect((await opened.stored('growing')).map((line) => JSON.parse(line))).toMatchObject([
        { id: 1, name: 'a', colour: null },
        { id: 2, name: null, colour: 'red' },
      ]);
    });

    test('rows are upserted, and replaced as a whole', async () => {
      await take(opened, 'items');
      await put(opened, { pipeline: 'items', rows: ndjson('{"id":1,"name":"a"}\n{"id":2,"name":"b"}\n') });
      const again = await put(opened, { pipeline: 'items', number: 2, rows: ndjson('{"id":2,"name":"c"}\n') });
      expect(again.state.counts).toMatchObject({ created: 2, updated: 1 });
      await take(opened, 'whole');
      const { state } = await put(opened, { pipeline: 'whole', rows: ndjson('{"id":2,"name":"c"}\n{"id":3}\n') });
      expect(state.counts).toMatchObject({ created: 1, deleted: 1 });
      expect(await idsOf('items')).toEqual([2, 3]);
    });

    test('a source that fails in the middle of a batch has its failure told, and nothing stored', async () => {
      await take(opened);
      const failure = new DataForgeError('source_failed', 'The source has gone.', { retryable: true });
      const body = async function* () {
        yield Buffer.from('{"id":1}\n');
        throw failure;
      };
      await expect(put(opened, { rows: { format: 'ndjson', body: body() } })).rejects.toBe(failure);
      expect(await opened.store.state('log')).toMatchObject({ run: null, batch: 0, cursor: null });
      await put(opened, { rows: rowsOf(1) });
      expect(await idsOf()).toEqual([1]);
    });

    test('a run that is cancelled in the middle of a batch ends at once, lets go of the source and stores nothing', async () => {
      await take(opened);
      const cancelling = new AbortController();
      let isLetGo = false;
      const body = async function* () {
        try {
          yield Buffer.from('{"id":1}\n');
          await sleep(50);
          cancelling.abort(new DataForgeError('cancelled', 'Enough of it.'));
          await sleep(50);
          yield Buffer.from('{"id":2}\n');
          await sleep(50);
          yield Buffer.from('{"id":3}\n');
        } finally {
          isLetGo = true;
        }
      };
      const asked = put(opened, { rows: { format: 'ndjson', body: body() }, signal: cancelling.signal });
      await expect(asked).rejects.toMatchObject({ code: 'cancelled' });
      await until(() => isLetGo);
      expect(await idsOf()).toEqual([]);
      const late = put(opened, { rows: rowsOf(1), signal: cancelling.signal });
      await expect(late).rejects.toMatchObject({ code: 'cancelled' });
      await put(opened, { rows: rowsOf(4) });
      expect(await idsOf()).toEqual([4]);
    });
  });
}
