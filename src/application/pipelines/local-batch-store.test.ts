import { expect, test } from 'vitest';
import { MemoryEngine } from '#adapters/storage/memory/memory-engine.ts';
import type { Pipeline } from '#domain/pipeline/pipeline.ts';
import { compileRe2 } from '#infrastructure/re2.ts';
import { dataset, property } from '../../../tests/support/dataset-builders.ts';
import { StoreDriver } from '../../../tests/support/store-driver.ts';
import { NEVER } from '../call.ts';
import { DatasetCatalog } from '../datasets/dataset-catalog.ts';
import { LocalBatchStore } from './local-batch-store.ts';

const items = dataset('items', [property('n', 'INTEGER')]);
const pipeline = {
  name: 'rows',
  source: { kind: 'rest' },
  target: { dataset: 'items', mode: 'append', contract: 'freeze', quarantine: null },
} as Pipeline;

async function open() {
  const engine = new MemoryEngine({ compilePattern: compileRe2 });
  const driver = new StoreDriver(engine);
  await driver.use(items);
  const catalog = new DatasetCatalog(compileRe2);
  catalog.replace([items]);
  const loads = { run: <T>(_signal: AbortSignal, work: () => Promise<T>) => work() };
  const growth = { grow: () => Promise.reject(new Error('nothing grows here')) } as never;
  const { writer, loader } = engine;
  const store = new LocalBatchStore({ catalog, writer, loader, loads, growth, synchronise: async () => {} });
  const batch = (holder: string, number: number, rows: number, run = 'run') =>
    store.store({
      pipeline,
      run,
      number,
      holder,
      rows: { format: 'ndjson', body: bodyOf(number, rows) },
      cursor: () => ({ at: number }) as never,
      caller: 'tester',
      signal: NEVER,
    });
  return { driver, store, batch };
}

async function* bodyOf(number: number, rows: number) {
  yield Buffer.from(Array.from({ length: rows }, () => `{"n":${number}}\n`).join(''));
}

test('rows, cursor and counts are one commit, and a batch that is sent again is not stored again', async () => {
  const { driver, store, batch } = await open();
  expect(await store.state('rows')).toBeNull();
  expect(await store.take(pipeline, 'a', 'tester')).toMatchObject({ holder: 'a', run: null, batch: 0, cursor: null });
  expect(await batch('a', 1, 2)).toMatchObject({ repeated: false, state: { batch: 1, cursor: { at: 1 } } });
  expect(await batch('a', 1, 2)).toMatchObject({ repeated: true, state: { batch: 1 } });
  expect(await batch('a', 2, 3)).toMatchObject({ state: { counts: { created: 5, batches: 2 } } });
  expect(await driver.count(items)).toBe(5);
  expect(await batch('a', 1, 1, 'another run')).toMatchObject({ repeated: false, state: { counts: { created: 1 } } });
});

test('a worker that was taken for dead finds itself replaced', async () => {
  const { driver, store, batch } = await open();
  await store.take(pipeline, 'old', 'tester');
  await batch('old', 1, 1);
  expect(await store.take(pipeline, 'new', 'tester')).toMatchObject({ run: 'run', batch: 1 });
  await expect(batch('old', 2, 1)).rejects.toMatchObject({ code: 'version_moved' });
  expect(await batch('new', 2, 1)).toMatchObject({ state: { holder: 'new', batch: 2 } });
  await expect(batch('old', 3, 1)).rejects.toMatchObject({ code: 'version_moved' });
  expect(await driver.count(items)).toBe(2);
});

test('of two batches that come at the same moment for the same place one is stored', async () => {
  const { driver, store, batch } = await open();
  await store.take(pipeline, 'a', 'tester');
  const outcomes = await Promise.allSettled([batch('a', 1, 1), batch('a', 1, 1), batch('a', 1, 1)]);
  expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0);
  expect(await driver.count(items)).toBe(1);
});
