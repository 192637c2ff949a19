import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemoryEngine } from '#adapters/storage/memory/memory-engine.ts';
import type { Property } from '#domain/dataset/dataset.ts';
import { formatDbType } from '#domain/dataset/db-type.ts';
import { compileRe2 } from '#infrastructure/re2.ts';
import { anyCell, NULL_CELL } from '../support/any-cell.ts';
import { dataset, everyType, property } from '../support/dataset-builders.ts';
import { describeOnPostgres, openTemporaryPostgres } from '../support/postgres-engine.ts';
import { ndjson, ORIGIN, StoreDriver } from '../support/store-driver.ts';

const ROWS = 7000;
const plain = dataset('plain', [property('n', 'BIGINT'), property('t', 'VARCHAR')]);
const idOf = (n: number) => `0190a6c2-1b7e-7cc3-9d2f-${n.toString(16).padStart(12, '0')}`;
const rows = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => ({ n: from + at, t: 'x' }));

/** The values of `n` in the order of the changes feed. */
async function fed(store: StoreDriver, since = 0): Promise<number[]> {
  const { changes } = await store.changes(plain, since, { limit: 3 * ROWS });
  return changes.map(({ data }) => data.n);
}

const anyCellOf = ({ dbType }: Property) => fc.oneof(anyCell(formatDbType(dbType)), fc.constant(NULL_CELL));

describeOnPostgres('rows of long loads that can meet nothing', (server) => {
  const withTwo = async (work: (one: StoreDriver, two: StoreDriver) => Promise<void>) => {
    const opened = await openTemporaryPostgres(server());
    try {
      const one = new StoreDriver(opened.engine);
      await one.use(plain);
      await work(one, new StoreDriver(await opened.join()));
    } finally {
      await opened.dispose();
    }
  };

  /** A load that stands still when its rows have come, until it is let go on. */
  function heldLoad(store: StoreDriver, ...bodies: string[]) {
    const sent = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const leaving = new AbortController();
    async function* body() {
      for (const text of bodies) yield Buffer.from(text);
      sent.resolve();
      await goOn.promise;
    }
    const counts = store.engine.loader.load({
      dataset: plain,
      format: 'ndjson',
      body: body(),
      onInvalid: 'abort',
      onConflict: 'error',
      marks: [],
      origin: ORIGIN,
      returnRecords: false,
      signal: leaving.signal,
    });
    counts.catch(() => {});
    return { counts, sent: sent.promise, goOn: goOn.resolve, leave: () => leaving.abort() };
  }

  test('small commits go on below them, in both instances, and readers see them at once', () =>
    withTwo(async (one, two) => {
      const load = heldLoad(one, ndjson(rows(0, ROWS)));
      await load.sent;
      const [a] = await one.create(plain, { n: -1, t: 'a' });
      const [b] = await two.create(plain, { n: -2, t: 'b' });
      expect(await two.count(plain)).toBe(2);
      load.goOn();
      expect(await load.counts).toMatchObject({ created: ROWS });
      const [c] = await two.create(plain, { n: -3, t: 'c' });
      const seqs = [a?.seq ?? 0, b?.seq ?? 0];
      expect(seqs).toEqual([...seqs].sort((x, y) => x - y));
      expect(await fed(one, b?.seq)).toEqual([...rows(0, ROWS).map(({ n }) => n), -3]);
      expect(one.engine.changes.head()).toBeGreaterThanOrEqual((b?.seq ?? 0) + ROWS);
      expect(c?.seq).toBe(two.engine.changes.head());
      const items = await two.items(plain, { size: 2 * ROWS });
      expect(items.map(({ data }) => data.n)).toEqual([...rows(0, ROWS).map(({ n }) => n), -1, -2, -3]);
      expect(new Set(items.map(({ id }) => id)).size).toBe(ROWS + 3);
      expect(await one.find(plain, items[ROWS - 2]?.id ?? '')).toMatchObject({ version: 1, data: { n: ROWS - 2 } });
    }));

  test('from the first row on that brings an id they are held until the commit, in their order', () =>
    withTwo(async (one) => {
      const named = rows(ROWS, 2 * ROWS).map((row) => ({ id: idOf(row.n), ...row }));
      const body = ndjson([...rows(0, ROWS), ...named, ...rows(2 * ROWS, 2 * ROWS + 5)]);
      expect(await one.load(plain, body)).toMatchObject({ created: 2 * ROWS + 5 });
      expect(await fed(one)).toEqual(rows(0, 2 * ROWS + 5).map(({ n }) => n));
      expect(await one.find(plain, idOf(ROWS))).toMatchObject({ data: { n: ROWS } });

      await expect(one.load(plain, body)).rejects.toMatchObject({ code: 'key_exists' });
      expect(await one.count(plain)).toBe(2 * ROWS + 5);
      const changed = body.replaceAll('"x"', '"y"');
      const counts = await one.load(plain, changed, { onConflict: 'update' });
      expect(counts).toMatchObject({ created: ROWS + 5, updated: ROWS });
      expect(await one.count(plain)).toBe(3 * ROWS + 10);
      const refused = `${body}${ndjson([{ n: 'no' }])}`;
      await expect(one.load(plain, refused)).rejects.toMatchObject({
        code: 'invalid_value',
        details: { rejections: [{ line: 2 * ROWS + 6 }] },
      });
    }));

  test('a second load goes its own way meanwhile', () =>
    withTwo(async (one, two) => {
      const first = heldLoad(one, ndjson(rows(0, ROWS)));
      await first.sent;
      expect(await two.load(plain, ndjson(rows(ROWS, 2 * ROWS)))).toMatchObject({ created: ROWS });
      first.goOn();
      expect(await first.counts).toMatchObject({ created: ROWS });
      expect(await fed(one)).toEqual([...rows(ROWS, 2 * ROWS), ...rows(0, ROWS)].map(({ n }) => n));
    }));

  test('one that is given up, or breaks off, leaves nothing', () =>
    withTwo(async (one, two) => {
      const load = heldLoad(one, ndjson(rows(0, ROWS)));
      await load.sent;
      load.leave();
      await expect(load.counts).rejects.toMatchObject({ code: 'cancelled' });
      await expect(one.load(plain, `${ndjson(rows(0, ROWS))}{"n":"no"}\n`)).rejects.toMatchObject({
        code: 'invalid_value',
      });
      expect(await two.count(plain)).toBe(0);
      expect(one.engine.changes.head()).toBe(0);
      expect(await two.load(plain, ndjson(rows(0, ROWS)))).toMatchObject({ created: ROWS });
    }));

  test('tables are changed when they are through, and others go on meanwhile', () =>
    withTwo(async (one, two) => {
      const load = heldLoad(one, ndjson(rows(0, ROWS)));
      await load.sent;
      let isChanged = false;
      const wider = dataset('plain', [...plain.properties, property('more', 'INTEGER')]);
      const change = two.use(wider).then(() => {
        isChanged = true;
      });
      await one.create(plain, { n: -1, t: 'a' });
      expect(await two.count(plain)).toBe(1);
      expect(isChanged).toBe(false);
      load.goOn();
      expect(await load.counts).toMatchObject({ created: ROWS });
      await change;
      const items = await two.items(wider, { size: 2 * ROWS });
      expect(items).toHaveLength(ROWS + 1);
      expect(items[5]?.data).toEqual({ n: 5, t: 'x', more: null });
    }));

  test('every value comes to what it comes to in memory', () =>
    withTwo(async (one) => {
      const all = everyType('all');
      const row = fc.record(Object.fromEntries(all.properties.map((each) => [each.name, anyCellOf(each)])));
      const body = fc
        .sample(row, 4000)
        .map((cells) => `{${Object.entries(cells).map(([name, { sent }]) => `${JSON.stringify(name)}:${sent}`)}}\n`)
        .join('');
      const memory = new StoreDriver(new MemoryEngine({ compilePattern: compileRe2 }));
      const stored = [];
      for (const each of [memory, one]) {
        await each.use(all);
        expect(await each.load(all, body)).toMatchObject({ created: 4000 });
        stored.push((await each.changes(all, 0, { limit: 5000 })).changes.map(({ data }) => data));
      }
      expect(stored[1]).toEqual(stored[0]);
    }));
});
