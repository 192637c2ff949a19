import { expect, test } from 'vitest';
import { MemoryEngine } from '#adapters/storage/memory/memory-engine.ts';
import { compileRe2 } from '#infrastructure/re2.ts';
import { dataset, everyType, property } from '../support/dataset-builders.ts';
import { describeOnPostgres, openTemporaryPostgres, type PostgresTestStore } from '../support/postgres-engine.ts';
import { ndjson, StoreDriver } from '../support/store-driver.ts';

const ROWS = 7000;

const keyed = dataset(
  'keyed',
  [property('k', 'INTEGER'), property('t', 'VARCHAR'), property('u', 'INTEGER', { unique: true })],
  { primaryKey: ['k'] },
);

/** Rows of which some have the key of one before, or a unique value that another has. */
function rows(): object[] {
  return Array.from({ length: ROWS }, (_, at) => ({
    k: at % 1000 === 999 ? at - 500 : at,
    t: `text\t"${at}"\\N\n`,
    u: at % 1500 === 1499 ? 1 : at + 10,
  }));
}

describeOnPostgres('large loads into postgres', (server) => {
  const withStore = async (work: (store: StoreDriver, opened: PostgresTestStore) => Promise<void>) => {
    const opened = await openTemporaryPostgres(server());
    try {
      await work(new StoreDriver(opened.engine), opened);
    } finally {
      await opened.dispose();
    }
  };

  test('rows that are all new are stored in their order, with their ids', () =>
    withStore(async (store) => {
      await store.use(keyed);
      const body = ndjson(Array.from({ length: ROWS }, (_, at) => ({ k: at, t: `\\t\t${at}`, u: null })));
      expect(await store.load(keyed, body)).toMatchObject({ created: ROWS, updated: 0, ignored: 0, rejected: 0 });
      const items = await store.items(keyed, { size: ROWS });
      expect(items.map(({ data }) => data.k)).toEqual(Array.from({ length: ROWS }, (_, at) => at));
      expect(items[5]?.data.t).toBe('\\t\t5');
      expect(store.engine.changes.head()).toBe(ROWS);
      const exported = await store.text(keyed, 'ndjson-flat');
      await expect(store.load(keyed, exported)).rejects.toMatchObject({ code: 'key_exists' });
      expect(await store.load(keyed, exported, { onConflict: 'ignore' })).toMatchObject({ created: 0, ignored: ROWS });
    }));

  test.each(['error', 'ignore', 'update'] as const)('%s comes to what it comes to in memory', (onConflict) =>
    withStore(async (store) => {
      const memory = new StoreDriver(new MemoryEngine({ compilePattern: compileRe2 }));
      const results = [];
      for (const each of [memory, store]) {
        await each.use(keyed);
        await each.create(keyed, { k: 7, t: 'before', u: 7000 });
        const counts = await each.load(keyed, ndjson(rows()), { onConflict, onInvalid: 'reject' });
        const items = await each.items(keyed, { size: 2 * ROWS, sort: [{ field: 'k' }] });
        results.push({ counts, rows: items.map(({ data, version }) => [data.k, data.t, data.u, version]) });
      }
      expect(results[1]).toEqual(results[0]);
    }),
  );

  test('every type travels by COPY as it travels by a small write', () =>
    withStore(async (store) => {
      const all = await store.use(everyType());
      const row = {
        text: 'a\tb\\N\r\n"ü😀',
        big: -9223372036854775808n,
        int: 1,
        small: -1,
        double: -1e-7,
        price: 7.25,
        flag: false,
        day: '0001-01-01',
        time: '23:59:59.999999',
        moment: '9999-12-31T23:59:59.999999Z',
        ref: '0190a6c2-1b7e-7cc3-9d2f-5e8f3c1a2b4d',
      };
      const known = Object.fromEntries(
        Object.entries(row).filter(([name]) => all.properties.some((each) => each.name === name)),
      );
      await store.create(all, known);
      await store.load(all, ndjson(Array.from({ length: 3000 }, () => known)));
      const shown = new Set(
        (await store.text(all, 'ndjson'))
          .trim()
          .split('\n')
          .map((line) => /"data":\{.*?\}/.exec(line)?.[0]),
      );
      expect(shown.size).toBe(1);
    }));

  test('one that is given up, or breaks off, leaves nothing and the next finds its place', () =>
    withStore(async (store) => {
      await store.use(keyed);
      const leaving = new AbortController();
      async function* body() {
        const text = new TextEncoder();
        for (let at = 0; ; at++) {
          yield text.encode(ndjson([{ k: at, t: 'x', u: null }]));
          if (at === 6000) leaving.abort();
        }
      }
      const load = store.engine.loader.load({
        dataset: keyed,
        format: 'ndjson',
        body: body(),
        onInvalid: 'abort',
        onConflict: 'error',
        marks: [],
        origin: { caller: 'tester', run: null },
        returnRecords: false,
        signal: leaving.signal,
      });
      await expect(load).rejects.toMatchObject({ code: 'cancelled' });
      expect(await store.count(keyed)).toBe(0);
      const good = ndjson(Array.from({ length: 3000 }, (_, at) => ({ k: at, t: 'y', u: null })));
      await expect(store.load(keyed, `${good}{"k":"no"}\n`)).rejects.toMatchObject({ code: 'invalid_value' });
      expect(await store.load(keyed, good)).toMatchObject({ created: 3000 });
    }));

  test('parquet and arrow go in and out', () =>
    withStore(async (store) => {
      await store.use(keyed);
      await store.load(keyed, ndjson(Array.from({ length: 3000 }, (_, at) => ({ k: at, t: `${at}`, u: null }))));
      for (const format of ['parquet', 'arrow'] as const) {
        const chunks: Uint8Array[] = [];
        for await (const chunk of store.stream(keyed, format)) chunks.push(chunk);
        const other = dataset(`from ${format}`, keyed.properties, { primaryKey: ['k'] });
        await store.use(other);
        expect(await store.load(other, Buffer.concat(chunks), { format })).toMatchObject({ created: 3000 });
      }
    }));
});
