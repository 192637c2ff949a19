import { beforeEach, expect, test } from 'vitest';
import { MemoryEngine } from '#adapters/storage/memory/memory-engine.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import type { RowPipeline } from '#domain/pipeline/pipeline.ts';
import { compileRe2 } from '#infrastructure/re2.ts';
import { dataset, property } from '#tests/support/dataset-builders.ts';
import { DatasetCatalog } from '../datasets/dataset-catalog.ts';
import { LocalBatchStore } from './local-batch-store.ts';
import { writePipelineState } from './pipeline-states.ts';

const log = dataset('log', [property('id', 'BIGINT')]);
const texts = ['pipeline', 'run', 'reason', 'format', 'row'].map((name) => property(name, 'VARCHAR'));
const aside = dataset('aside', [...texts, property('batch', 'BIGINT'), property('line', 'BIGINT')]);

const pipeline = {
  kind: 'rows',
  name: 'p',
  source: { kind: 'files', options: {} },
  transform: null,
  target: { dataset: 'log', mode: 'append', contract: 'quarantine', quarantine: 'aside' },
} as unknown as RowPipeline;

let engine: MemoryEngine;
let store: LocalBatchStore;

beforeEach(async () => {
  engine = new MemoryEngine({ compilePattern: compileRe2 });
  const catalog = new DatasetCatalog(compileRe2);
  for (const each of [log, aside]) {
    await engine.datasets.apply(await engine.datasets.plan(each), { acceptLoss: false });
  }
  catalog.replace([log, aside]);
  store = new LocalBatchStore({
    catalog,
    writer: engine.writer,
    loader: engine.loader,
    loads: { run: (_signal, work) => work() },
    growth: { grow: async () => [] },
    synchronise: async () => {},
  });
});

async function* bytes(text: string) {
  yield Buffer.from(text);
}

async function put(run: string, number: number, text: string | null, holder = 'holder') {
  const rows = text === null ? null : { format: 'ndjson' as const, body: bytes(text) };
  const { signal } = new AbortController();
  const asked = { pipeline, run, number, holder, rows, cursor: () => ({ at: number }), signal };
  return store.store({ ...asked, caller: 'tester' });
}

async function count(of: Dataset): Promise<number> {
  return engine.reader.count(of, null, { at: null, signal: new AbortController().signal });
}

test('rows, cursor and counts become true together, and a batch that comes again is answered alone', async () => {
  expect(await store.state('p')).toBe(null);
  expect(await store.take(pipeline, 'holder', 'tester')).toMatchObject({ run: null, batch: 0, cursor: null });
  const first = await put('r', 1, '{"id":1}\n{"id":2}\n');
  expect(first).toMatchObject({
    repeated: false,
    state: { run: 'r', batch: 1, cursor: { at: 1 }, counts: { created: 2 } },
  });
  expect(await put('r', 1, '{"id":1}\n{"id":2}\n')).toEqual({ repeated: true, state: first.state });
  expect(await put('r', 2, null)).toMatchObject({
    state: { batch: 2, cursor: { at: 2 }, counts: { created: 2, batches: 2 } },
  });
  expect(await count(log)).toBe(2);
  expect(await put('s', 1, '{"id":3}\n')).toMatchObject({ state: { run: 's', counts: { created: 1, batches: 1 } } });
});

test('a worker that was taken for dead finds itself replaced', async () => {
  await store.take(pipeline, 'old', 'tester');
  await put('r', 1, '{"id":1}\n', 'old');
  expect(await store.take(pipeline, 'new', 'tester')).toMatchObject({ run: 'r', batch: 1 });
  await expect(put('r', 2, '{"id":2}\n', 'old')).rejects.toMatchObject({ code: 'version_moved' });
  expect(await put('r', 2, '{"id":2}\n', 'new')).toMatchObject({ state: { holder: 'new', batch: 2 } });
  await expect(put('r', 3, '{"id":3}\n', 'old')).rejects.toMatchObject({ code: 'version_moved' });
  expect(await count(log)).toBe(2);
});

test('of batches that come at the same moment for the same place one is stored', async () => {
  await store.take(pipeline, 'holder', 'tester');
  const outcomes = await Promise.allSettled([1, 2, 3].map(() => put('r', 1, '{"id":1}\n')));
  expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0);
  expect(await count(log)).toBe(1);
});

test('rows that a killed process left between two commits are put aside before anything else', async () => {
  await store.take(pipeline, 'holder', 'tester');
  const { state } = await put('r', 1, '{"id":1}\n');
  const setAside = [{ line: 2, reason: 'odd', format: 'ndjson' as const, row: '{"id":"x"}' }];
  await writePipelineState(engine.writer, 'p', { ...state, setAside }, { caller: 'tester' });
  const next = await put('s', 1, '{"id":2}\n{"id":"y"}\n');
  expect(next.state.setAside).toEqual([]);
  expect([await count(log), await count(aside)]).toEqual([2, 2]);
});
