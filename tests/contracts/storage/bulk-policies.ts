import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BulkCounts, MAX_REPORTED_REJECTIONS } from '#application/ports/bulk-loader.ts';
import { dataset, property } from '../../support/dataset-builders.ts';
import { ndjson } from '../../support/store-driver.ts';
import type { ContractContext } from './contract-context.ts';

export function describeBulkPolicies(context: ContractContext): void {
  describe('conflicts and bad rows of a bulk load', () => {
    const keyed = dataset(
      'keyed',
      [property('k', 'VARCHAR'), property('v', 'INTEGER'), property('u', 'INTEGER', { unique: true })],
      {
        primaryKey: ['k'],
      },
    );
    const rows = (...pairs: [string, number | null, number?][]) =>
      ndjson(pairs.map(([k, v, u = null]) => ({ k, v, u })));
    const shown = async () =>
      (await context.store.items(keyed, { sort: [{ field: 'k' }] })).map(({ data, version }) => [
        data.k,
        data.v,
        version,
      ]);

    async function start(): Promise<void> {
      await context.store.use(keyed);
      await context.store.create(keyed, { k: 'a', v: 1, u: 1 }, { k: 'b', v: 2 });
    }

    test('error: a key that exists refuses the whole body', async () => {
      const { store } = context;
      await start();
      const head = store.engine.changes.head();
      await expect(store.load(keyed, rows(['c', 1], ['a', 9]))).rejects.toMatchObject({ code: 'key_exists' });
      await expect(store.load(keyed, rows(['c', 1], ['c', 2]))).rejects.toMatchObject({ code: 'key_exists' });
      await expect(store.load(keyed, rows(['c', 1, 1]))).rejects.toMatchObject({ code: 'key_exists' });
      expect(await shown()).toEqual([
        ['a', 1, 1],
        ['b', 2, 1],
      ]);
      expect(store.engine.changes.head()).toBe(head);
    });

    test('error, reject: a conflict is a bad row like any other', async () => {
      const { store } = context;
      await start();
      const body = rows(['c', 1], ['a', 9], ['c', 2], ['d', 3, 1], ['e', null]);
      expect(await store.load(keyed, body, { onInvalid: 'reject' })).toMatchObject({
        created: 2,
        rejected: 3,
        rejections: [{ line: 2 }, { line: 3 }, { line: 4 }],
      });
      expect((await shown()).map(([k, v]) => [k, v])).toEqual([
        ['a', 1],
        ['b', 2],
        ['c', 1],
        ['e', null],
      ]);
    });

    /** Rows whose key or other unique value is mostly new; what stands when its turn comes decides of each. */
    const manyRows = fc.array(fc.record({ key: fc.integer({ min: 0, max: 2000 }), unique: fc.nat(2000) }), {
      minLength: 1500,
      maxLength: 2500,
      size: 'max',
    });

    test('error, reject: of many rows each meets those that were stored before it', async () => {
      const { store } = context;
      await store.use(keyed);
      await fc.assert(
        fc.asyncProperty(manyRows, fc.array(fc.nat(2500), { maxLength: 20 }), async (drawn, conflicts) => {
          await store.load(keyed, '', { onInvalid: 'reject', removesOthers: true });
          const sent = drawn.map(({ key, unique }, at) =>
            conflicts.includes(at) ? { k: String(key), v: at, u: unique } : { k: `${at}`, v: at, u: at },
          );
          const [keys, uniques] = [new Set<string>(), new Set<number>()];
          const isFree = ({ k, u }: (typeof sent)[number]) => !keys.has(k) && !uniques.has(u);
          const kept = sent.filter((row) => isFree(row) && keys.add(row.k) && uniques.add(row.u));
          const counts = await store.load(keyed, ndjson(sent), { onInvalid: 'reject', pieces: 65_536 });
          expect(counts).toMatchObject({ created: kept.length, rejected: sent.length - kept.length });
          const items = await store.items(keyed, { sort: [{ field: '_seq' }], size: 10_000 });
          expect(items.map(({ data }) => data)).toEqual(kept);
        }),
        { numRuns: 4 },
      );
    });

    test('ignore: what is there stays, and within one body the first wins', async () => {
      const { store } = context;
      await start();
      const counts = await store.load(keyed, rows(['a', 9], ['c', 1], ['c', 2], ['d', 4]), {
        onConflict: 'ignore',
        returnRecords: true,
      });
      expect(counts).toMatchObject({ created: 2, updated: 0, ignored: 2, rejected: 0 });
      expect(recordsOf(counts).map((record) => record.data.v)).toEqual([1, 1, 1, 4]);
      expect(await shown()).toEqual([
        ['a', 1, 1],
        ['b', 2, 1],
        ['c', 1, 1],
        ['d', 4, 1],
      ]);
    });

    test('update: replaced as by PUT, the last of a body wins, what changes nothing keeps its version', async () => {
      const { store } = context;
      await start();
      const counts = await store.load(keyed, rows(['a', 9], ['b', 2], ['c', 1], ['c', 2], ['a', 10]), {
        onConflict: 'update',
        returnRecords: true,
      });
      expect(counts).toMatchObject({ created: 1, updated: 1, ignored: 3, rejected: 0 });
      expect(recordsOf(counts).map((record) => record.data.v)).toEqual([10, 2, 2, 2, 10]);
      expect(await shown()).toEqual([
        ['a', 10, 2],
        ['b', 2, 1],
        ['c', 2, 1],
      ]);
      expect((await store.changes(keyed, 2)).changes.map(({ op, data }) => [op, data.k])).toHaveLength(2);
    });

    test('update: a property left out takes its default, as by PUT', async () => {
      const { store } = context;
      await start();
      await store.load(keyed, '{"k":"a"}\n', { onConflict: 'update' });
      expect(await store.items(keyed, { filters: [{ field: 'k', operator: 'eq', value: 'a' }] })).toMatchObject([
        { version: 2, data: { k: 'a', v: null, u: null } },
      ]);
    });

    test('ids may stand for a key where there is none', async () => {
      const { store } = context;
      const plain = await store.use(dataset('plain', [property('v', 'INTEGER')]));
      const [first, second] = await store.create(plain, { v: 1 }, { v: 2 });
      const body = ndjson([{ id: first?.id, v: 9 }, { id: second?.id, v: 2 }, { v: 3 }]);
      expect(await store.load(plain, body, { onConflict: 'update' })).toMatchObject({
        created: 1,
        updated: 1,
        ignored: 1,
      });
      const items = await store.items(plain, { sort: [{ field: 'v', order: 'desc' }] });
      expect(items.map(({ id, data, version }) => [id === first?.id, data.v, version])).toEqual([
        [true, 9, 2],
        [false, 3, 1],
        [false, 2, 1],
      ]);
    });

    test('a body that meets a key is refused with the line and the key', async () => {
      const { store } = context;
      await store.use(keyed);
      await store.load(keyed, rows(['a', 1]));
      await expect(store.load(keyed, rows(['b', 1], ['a', 2]))).rejects.toMatchObject({
        code: 'key_exists',
        message: expect.stringMatching(/Line 2.*"?k"? = "a"/),
      });
      await expect(store.load(keyed, rows(['c', 1], ['d', 2], ['c', 3]))).rejects.toMatchObject({
        code: 'key_exists',
        message: expect.stringMatching(/Line 3.*k = "c"/),
      });
      expect(await store.count(keyed)).toBe(1);
    });

    test('records that were asked for come in the order sent', async () => {
      const { store } = context;
      await store.use(keyed);
      const counts = await store.load(keyed, rows(['z', 1], ['y', 2], ['x', 3]), { returnRecords: true });
      expect(recordsOf(counts).map((record) => record.data.k)).toEqual(['z', 'y', 'x']);
      expect(recordsOf(counts)).toEqual(await store.items(keyed, { sort: [{ field: '_seq' }] }));
      expect((await store.load(keyed, rows(['w', 1]))).recordsJson).toBeNull();
    });

    test('the first rejections are told, all are counted', async () => {
      const { store } = context;
      await store.use(keyed);
      const bad = MAX_REPORTED_REJECTIONS + 5;
      const body = `${'{"k":1}\n'.repeat(bad)}{"k":"good"}\n`;
      const counts = await store.load(keyed, body, { onInvalid: 'reject', pieces: 4096 });
      expect(counts).toMatchObject({ created: 1, rejected: bad });
      expect(counts.rejections.map(({ line }) => line)).toEqual(
        Array.from({ length: MAX_REPORTED_REJECTIONS }, (_, at) => at + 1),
      );
    });
  });
}

// biome-ignore lint/suspicious/noExplicitAny: what comes back is compared as it is
function recordsOf({ recordsJson }: BulkCounts): any[] {
  return JSON.parse(`[${Buffer.from(recordsJson ?? []).toString()}]`);
}
