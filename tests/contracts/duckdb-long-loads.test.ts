import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DataForgeError } from '#domain/errors.ts';
import { dataset, property } from '../support/dataset-builders.ts';
import { openTemporaryDuckDb } from '../support/duckdb-engine.ts';
import { StoreDriver } from '../support/store-driver.ts';

/** Loads of many blocks store without holding up small commits, which may meet them. */
describe('small commits while a load of many blocks is stored', () => {
  const plain = dataset('plain', [property('n', 'BIGINT')]);
  const keyed = dataset('keyed', [property('k', 'VARCHAR'), property('n', 'BIGINT')], { primaryKey: ['k'] });
  let opened: Awaited<ReturnType<typeof openTemporaryDuckDb>>;
  let store: StoreDriver;
  beforeEach(async () => {
    opened = await openTemporaryDuckDb({ blocks: { bytes: 20_000, arrowRows: 1000, parquetRows: 1000 } });
    store = new StoreDriver(opened.engine);
    await store.use(plain);
    await store.use(keyed);
  });
  afterEach(() => opened.dispose());

  const ROWS = 20_000;
  const idOf = (n: number) => `0190a6c2-1b7e-7cc3-9d2f-${n.toString(16).padStart(12, '0')}`;
  const body = (line: (n: number) => string) => Array.from({ length: ROWS }, (_, n) => `${line(n)}\n`).join('');

  /** Runs small writes one behind the other until the load has ended; counts those that went through. */
  async function beside(load: Promise<unknown>, write: (at: number) => Promise<unknown>): Promise<number[]> {
    let running = true;
    const done = load
      .catch(() => {})
      .finally(() => {
        running = false;
      });
    const through: number[] = [];
    for (let at = 0; running; at++) {
      const outcome = await write(at).then(
        () => null,
        (error) => error,
      );
      if (outcome === null) through.push(at);
      else {
        expect(outcome).toBeInstanceOf(DataForgeError);
        expect(['key_exists', 'unavailable']).toContain(outcome.code);
      }
    }
    await done;
    return through;
  }

  test('an id that both bring stands once', { timeout: 60_000 }, async () => {
    let took = 300;
    for (let round = 0; round < 16; round++) {
      const from = round * ROWS;
      const start = performance.now();
      const load = store.load(
        plain,
        body((n) => `{"id":"${idOf(from + n)}","n":${n}}`),
        { pieces: 20_000 },
      );
      let created = 0;
      const small = sleep((took * round) / 16).then(async () => {
        for (let n = 0; n < 20; n++) {
          const change = store.createChange(plain, { n: -1 }, { id: idOf(from + n) } as object);
          await store.change(change).then(
            () => created++,
            (error) => expect(['key_exists', 'unavailable']).toContain(error.code),
          );
        }
      });
      const error = await load.then(
        () => null,
        (caught) => caught,
      );
      took = performance.now() - start;
      await small;
      if (error !== null) expect(['key_exists', 'unavailable']).toContain(error.code);
      const items = await store.items(plain, { size: 100_000 });
      expect(new Set(items.map(({ id }) => id)).size).toBe(items.length);
      expect(items).toHaveLength(error === null ? ROWS : created);
      await store.change({ kind: 'delete-matching', dataset: plain, filter: null });
    }
  });

  test.each(['error', 'ignore', 'update'] as const)('a key that both bring stands once: %s', async (onConflict) => {
    const load = store.load(
      keyed,
      body((n) => `{"k":"key ${n}","n":${n}}`),
      { pieces: 20_000, onConflict },
    );
    const through = await beside(load, (at) => store.create(keyed, { k: `key ${ROWS - 1 - (at % ROWS)}`, n: -1 }));
    const error = await load.then(
      () => null,
      (caught) => caught,
    );
    if (error !== null) expect(['key_exists', 'unavailable'], error.stack).toContain(error.code);
    const items = await store.items(keyed, { size: 100_000 });
    expect(new Set(items.map(({ data }) => data.k)).size).toBe(items.length);
    expect(items.length).toBeGreaterThanOrEqual(error === null ? ROWS : through.length);
  });

  test('rows that both change keep a version for each change', async () => {
    const made = await store.create(keyed, ...Array.from({ length: 200 }, (_, n) => ({ k: `key ${n}`, n: -1 })));
    const load = store.load(
      keyed,
      body((n) => `{"k":"key ${n}","n":${n}}`),
      { pieces: 20_000, onConflict: 'update' },
    );
    const through = await beside(load, (at) => store.patch(keyed, made[at % 200]?.id ?? '', { n: BigInt(-at - 2) }));
    const error = await load.then(
      () => null,
      (caught) => caught,
    );
    if (error !== null) expect(['unavailable']).toContain(error.code);
    const { changes } = await store.changes(keyed, 0, { limit: 100_000 });
    const versions = new Map<string, number>();
    for (const { id, version } of changes) {
      expect(version).toBe((versions.get(id) ?? 0) + 1);
      versions.set(id, version);
    }
    expect(changes.length).toBe(200 + through.length + (error === null ? ROWS : 0));
  });
});
