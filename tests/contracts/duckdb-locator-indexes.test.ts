import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { dataset, property } from '../support/dataset-builders.ts';
import { openDuckDbIn, openTemporaryDuckDb } from '../support/duckdb-engine.ts';
import { ndjson, reading, StoreDriver } from '../support/store-driver.ts';

const ROWS = 5000;
const SOUGHT_IDS = 100;

/** A table that is read by id gets an index of its own accord; it must never be noticed but by the clock. */
describe('indexes on locators', () => {
  const items = dataset('items', [property('n', 'BIGINT')]);
  let opened: Awaited<ReturnType<typeof openTemporaryDuckDb>>;
  let store: StoreDriver;
  beforeEach(async () => {
    opened = await openTemporaryDuckDb({ locatorIndexes: { soughtIds: SOUGHT_IDS, rows: 2 * ROWS } });
    store = new StoreDriver(opened.engine);
    await store.use(items);
  });
  afterEach(() => opened.dispose());

  const load = (rows: number, pieces?: number) =>
    store.load(items, ndjson(Array.from({ length: rows }, (_, n) => ({ n }))), pieces === undefined ? {} : { pieces });

  /** Reads ids from all over the table, in turns of 50. */
  async function readIds(count: number, from = store): Promise<void> {
    const all = await from.items(items, { size: 100_000 });
    const step = Math.max(1, Math.floor(all.length / count));
    const asked = all.filter((_, at) => at % step === 0).slice(0, count);
    for (let at = 0; at < asked.length; at += 50) {
      const turn = asked.slice(at, at + 50);
      const ids = turn.map(({ id }) => id);
      const found = await from.engine.reader.byIds(items, ids, reading());
      expect(found.map((record) => record && JSON.parse(record.json).data)).toEqual(turn.map(({ data }) => data));
    }
  }

  /** The indexes that a copy of the store has, as it would be found after the process was killed now. */
  async function indexesInStore(): Promise<string[]> {
    return withCopy(async (folder) => {
      const instance = await DuckDBInstance.create(':memory:');
      const connection = await instance.connect();
      await connection.run(`ATTACH '${join(folder, 'store.duckdb')}' AS copy`);
      const rows = await connection.runAndReadAll(
        `SELECT index_name FROM duckdb_indexes() WHERE database_name = 'copy'`,
      );
      const names = rows.getRows().map(([name]) => String(name));
      connection.closeSync();
      instance.closeSync();
      return names;
    });
  }

  async function withCopy<T>(work: (folder: string) => Promise<T>): Promise<T> {
    const folder = await mkdtemp(join(tmpdir(), 'data-forge-copy-'));
    try {
      await copyFile(join(opened.dataDir, 'store.duckdb'), join(folder, 'store.duckdb'));
      await copyFile(join(opened.dataDir, 'store.duckdb.wal'), join(folder, 'store.duckdb.wal')).catch(() => {});
      return await work(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  const indexIsThere = () =>
    vi.waitFor(async () => expect(await indexesInStore()).toEqual(['items:locator']), {
      timeout: 10_000,
      interval: 50,
    });

  test('come when enough ids were sought, and stay over a restart', async () => {
    await load(ROWS);
    await readIds(SOUGHT_IDS / 2);
    expect(await indexesInStore()).toEqual([]);
    await readIds(SOUGHT_IDS / 2);
    await indexIsThere();
    await readIds(SOUGHT_IDS);
    store = new StoreDriver(await opened.reopen());
    await readIds(SOUGHT_IDS);
    expect(await indexesInStore()).toEqual(['items:locator']);
  });

  test('go before a load of many blocks, and come again', async () => {
    await opened.dispose();
    opened = await openTemporaryDuckDb({
      blocks: { bytes: 10_000, arrowRows: 1000, parquetRows: 1000 },
      locatorIndexes: { soughtIds: SOUGHT_IDS, rows: 2 * ROWS },
    });
    store = new StoreDriver(opened.engine);
    await store.use(items);
    await load(ROWS / 2);
    await readIds(SOUGHT_IDS);
    await indexIsThere();
    await load(ROWS / 2, 10_000);
    expect(await indexesInStore()).toEqual([]);
    await readIds(SOUGHT_IDS);
    await indexIsThere();
  });

  test('are not made of tables that are too large, nor where the dataset wants none', async () => {
    await load(2 * ROWS + 1);
    await readIds(2 * SOUGHT_IDS);
    const never = dataset('never', [property('n', 'BIGINT')], { idIndex: 'never' });
    await store.use(never);
    const made = await store.create(never, ...Array.from({ length: 300 }, (_, n) => ({ n })));
    for (const { id } of made) await store.engine.reader.byIds(never, [id], reading());
    await store.create(never, { n: 1 });
    expect(await indexesInStore()).toEqual([]);
  });

  test('go when the columns change', async () => {
    await load(ROWS);
    await readIds(SOUGHT_IDS);
    await indexIsThere();
    const wider = dataset('items', [property('n', 'BIGINT'), property('text', 'VARCHAR')]);
    await store.use(wider);
    expect(await indexesInStore()).toEqual([]);
    const [made] = await store.create(wider, { n: 1, text: 'new' });
    const [found] = await store.engine.reader.byIds(wider, [made?.id ?? ''], reading());
    expect(JSON.parse(found?.json ?? 'null').data).toEqual({ n: 1, text: 'new' });
  });

  test('hold what was written since they were made, after the process was killed too', async () => {
    await load(ROWS);
    await readIds(SOUGHT_IDS);
    await indexIsThere();
    const made = await store.create(items, { n: -1 }, { n: -2 }, { n: -3 });
    const [first, second, third] = made.map(({ id }) => id) as [string, string, string];
    await store.patch(items, second, { n: -20n });
    await store.change({ kind: 'delete', dataset: items, id: third, ifVersion: null });
    await store.change({
      kind: 'delete-matching',
      dataset: items,
      filter: store.query(items, { filters: [{ field: 'n', operator: 'lt', value: 10 }] }).filter,
    });
    const kept = await store.create(items, { n: -4 });
    const expected = [null, null, null, { n: -4 }];
    const ids = [first, second, third, kept[0]?.id ?? ''];
    const readFrom = async (from: StoreDriver) =>
      (await from.engine.reader.byIds(items, ids, reading())).map((found) => found && JSON.parse(found.json).data);
    expect(await readFrom(store)).toEqual(expected);
    await withCopy(async (folder) => {
      const after = new StoreDriver(await openDuckDbIn(folder));
      expect(await readFrom(after)).toEqual(expected);
      await readIds(2 * SOUGHT_IDS, after);
      await after.engine.maintenance.close();
    });
  });
});
