import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { restoreSqliteStore } from '#adapters/storage/sqlite/sqlite-restore.ts';
import { aggregate } from '#domain/query/aggregate.ts';
import { bucketsOf } from '#domain/query/aggregation.ts';
import { typeOfField } from '#domain/query/field.ts';
import { JsonNumber } from '#domain/record/json.ts';
import { dataset, property } from '../support/dataset-builders.ts';
import { openSqliteIn, openTemporarySqlite } from '../support/sqlite-engine.ts';
import { ORIGIN, reading, request, StoreDriver } from '../support/store-driver.ts';

const items = dataset('items', [property('a', 'BIGINT'), property('price', 'DECIMAL(30,2)')]);

describe('a store of SQLite', () => {
  let world: Awaited<ReturnType<typeof openTemporarySqlite>>;
  let store: StoreDriver;
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'data-forge-sqlite-store-'));
    world = await openTemporarySqlite();
    store = new StoreDriver(world.engine);
    await store.use(items);
  });
  afterEach(async () => {
    await world.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  const restore = (dataDir: string, from: string, replace = false) =>
    restoreSqliteStore({ dataDir, from, replace, now: new Date() });

  test('is backed up while it is written to, and the backup is a store of its own', async () => {
    await store.create(items, { a: 1, price: 5 }, { a: 2, price: 7.25 });
    const backup = join(folder, 'b.backup');
    const writing = store.load(items, '{"a":3}\n'.repeat(5000), { pieces: 1000 });
    await world.engine.maintenance.backup(backup);
    await writing;
    await expect(world.engine.maintenance.backup(backup)).rejects.toMatchObject({ code: 'invalid_parameter' });
    const dataDir = join(folder, 'restored');
    expect(await restore(dataDir, backup)).toBeNull();
    const engine = await openSqliteIn(dataDir);
    try {
      const restored = new StoreDriver(engine);
      expect([2, 5002]).toContain(await restored.count(items));
      expect((await restored.items(items, { size: 2 })).map(({ data }) => data)).toEqual([
        { a: 1, price: 5 },
        { a: 2, price: 7.25 },
      ]);
      await restored.create(items, { a: 9 });
      await expect(restore(dataDir, backup, true)).rejects.toMatchObject({ code: 'store_locked' });
    } finally {
      await engine.maintenance.close();
    }
    await expect(restore(dataDir, backup)).rejects.toThrow(/--replace/);
    const text = join(folder, 'x.csv');
    await writeFile(text, 'a,b\n');
    await expect(restore(dataDir, text, true)).rejects.toMatchObject({ code: 'store_damaged' });
    expect(await restore(dataDir, backup, true)).toMatch(/store-.*[.]replaced[.]sqlite$/);
  });

  test('is refused to a second engine, and free again when the first is closed', async () => {
    await expect(openSqliteIn(world.dataDir)).rejects.toMatchObject({ code: 'store_locked' });
    await store.create(items, { a: 1 });
    expect(await new StoreDriver(await world.reopen()).count(items)).toBe(1);
  });

  test('is a plain file of SQLite: rows lie in it with their types, and an insert touches no index', async () => {
    const [record] = await store.create(items, {
      a: 9007199254740993n,
      price: new JsonNumber('-12345678901234567890.25'),
    });
    const database = new DatabaseSync(join(world.dataDir, 'store.sqlite'), { readOnly: true });
    try {
      const row = database.prepare('SELECT _row, _id, a, price FROM "data.items"');
      row.setReadBigInts(true);
      expect(row.get()).toEqual({
        _row: 1n,
        _id: record?.id,
        a: 9007199254740993n,
        price: '099999999999999998765432109876543210975',
      });
    } finally {
      database.close();
    }
  });

  test('refuses more properties than a table has columns for, and nothing is touched', async () => {
    const wide = dataset(
      'wide',
      Array.from({ length: 2500 }, (_, at) => property(`p${at}`, 'BIGINT')),
    );
    await expect(store.use(wide)).rejects.toMatchObject({ code: 'unsupported_by_engine' });
    expect(await world.engine.datasets.list()).toEqual([items]);
  });

  test('answers reads by id while a load is stored, and the writes that waited after it', async () => {
    const [record] = await store.create(items, { a: 1 });
    const loading = store.load(items, '{"a":3}\n'.repeat(200_000), { pieces: 100_000 });
    let reads = 0;
    const done = loading.then(() => true);
    while (!(await Promise.race([done, new Promise((resolve) => setTimeout(resolve, 5, false))]))) {
      expect(await store.find(items, record?.id ?? '')).not.toBeNull();
      reads++;
    }
    expect(reads).toBeGreaterThan(5);
    await store.create(items, { a: 4 });
    expect(await store.count(items)).toBe(200_002);
  });

  test('stops in the middle of a long read whose caller has gone', async () => {
    await store.load(items, '{"a":3}\n'.repeat(400_000), { pieces: 1_000_000 });
    const slow = store.query(items, { filters: [{ field: 'a', operator: 'in', value: [1, 2] }] }).filter;
    const values = Array.from({ length: 30 }, () => slow as NonNullable<typeof slow>);
    const filter = { kind: 'or' as const, items: values };
    const whole = performance.now();
    await world.engine.reader.count(items, filter, reading());
    const took = performance.now() - whole;
    // The thread answers when it is done or has stopped: it would give the number where it went on.
    const count = world.engine.reader.count(items, filter, reading(AbortSignal.timeout(Math.ceil(took / 20))));
    await expect(count).rejects.toMatchObject({ code: 'cancelled' });
    expect(await store.count(items)).toBe(400_000);
  });

  test('gathers what lies at the ends of each type as the domain does', async () => {
    const ends = dataset('ends', [
      property('n', 'BIGINT'),
      property('wide', 'DECIMAL(38,4)'),
      property('at', 'TIMESTAMP'),
      property('day', 'DATE'),
    ]);
    await store.use(ends);
    const rows = [
      ['9223372036854775807', '9999999999999999999999999999999999.9999', '0001-01-01T00:00:00Z', '0001-01-01'],
      ['9223372036854775807', '-9999999999999999999999999999999999.9999', '9999-12-31T23:59:59.999999Z', '9999-12-31'],
      ['-9223372036854775808', '0.0001', '1969-12-31T23:59:59.999999Z', '1969-12-31'],
      ['-1', '-0.0001', '1970-01-01T00:00:00Z', '1970-01-01'],
      ['3', '12345678901234567890.5', '1899-05-17T12:34:56.5Z', '1899-05-17'],
    ].map(([n = '', wide = '', at, day]) => ({ n: new JsonNumber(n), wide: new JsonNumber(wide), at, day }));
    const records = await store.create(ends, ...rows, { n: null });
    const fields = ends.properties.map((each, index) => ({ kind: 'property' as const, index, property: each }));
    const measures = fields
      .slice(0, 2)
      .flatMap((field) => (['count', 'sum', 'avg', 'min', 'max'] as const).map((name) => ({ function: name, field })));
    for (const field of [null, ...fields]) {
      for (const bucket of [null, ...(field === null ? [] : bucketsOf(typeOfField(field)))]) {
        const keys = field === null ? [] : [{ field, bucket }];
        const query = { dataset: ends, filter: null, keys, measures, sort: [], limit: 100 };
        expect(await world.engine.reader.aggregate(query, reading()), `${bucket}`).toEqual(aggregate(query, records));
      }
    }
  });

  test('a list of more values than there are parameters is searched all the same', async () => {
    await store.create(items, { a: 1 }, { a: 99_999 }, { a: 100_001 });
    const values = Array.from({ length: 100_000 }, (_, at) => BigInt(at));
    const field = { kind: 'property' as const, index: 0, property: items.properties[0] as never };
    expect(await world.engine.reader.count(items, { kind: 'in', field, values }, reading())).toBe(2);
    const [outcome] = await world.engine.writer.commit([
      request([{ kind: 'delete-matching', dataset: items, filter: { kind: 'in', field, values } }]),
    ]);
    expect(outcome).toMatchObject({ ok: true, results: [{ count: 2 }] });
    expect(ORIGIN.run).toBeNull();
  });
});
