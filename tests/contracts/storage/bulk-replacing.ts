import { describe, expect, test } from 'vitest';
import { dataset, property } from '../../support/dataset-builders.ts';
import { ndjson } from '../../support/store-driver.ts';
import type { ContractContext } from './contract-context.ts';

export function describeBulkReplacing(context: ContractContext): void {
  describe('a bulk load that takes the place of all that stood', () => {
    const keyed = dataset('keyed', [property('k', 'VARCHAR'), property('v', 'INTEGER')], { primaryKey: ['k'] });
    const plain = dataset('plain', [property('v', 'INTEGER')]);
    const rows = (...pairs: [string, number][]) => ndjson(pairs.map(([k, v]) => ({ k, v })));
    const replacing = { removesOthers: true, onConflict: 'update' } as const;

    test('with a natural key: records go, stay as they are, change and come, in one commit', async () => {
      const { store } = context;
      await store.use(keyed);
      await store.create(keyed, { k: 'a', v: 1 }, { k: 'b', v: 2 }, { k: 'c', v: 3 });
      const before = store.engine.changes.head();
      const commits: number[] = [];
      const stop = store.engine.changes.subscribe((head) => commits.push(head));
      expect(await store.load(keyed, rows(['b', 2], ['c', 9], ['d', 4]), replacing)).toMatchObject({
        created: 1,
        updated: 1,
        deleted: 1,
      });
      stop();
      const items = await store.items(keyed, { sort: [{ field: 'k' }] });
      expect(items.map(({ data, version }) => [data.k, data.v, version])).toEqual([
        ['b', 2, 1],
        ['c', 9, 2],
        ['d', 4, 1],
      ]);
      const { changes } = await store.changes(keyed, before);
      expect(changes.map(({ op, data }) => [op, data?.k ?? null]).sort()).toEqual(
        [
          ['create', 'd'],
          ['delete', null],
          ['update', 'c'],
        ].sort(),
      );
      expect(commits).toEqual([store.engine.changes.head()]);
      expect(new Set(changes.map(({ seq }) => seq)).size).toBe(3);
    });

    test('without a key: all go, all come', async () => {
      const { store } = context;
      await store.use(plain);
      await store.create(plain, { v: 1 }, { v: 2 });
      expect(await store.load(plain, '{"v":2}\n{"v":3}\n', { removesOthers: true })).toMatchObject({
        created: 2,
        deleted: 2,
      });
      expect((await store.items(plain)).map(({ data }) => data.v)).toEqual([2, 3]);
      expect(await store.load(plain, '', { removesOthers: true })).toMatchObject({ created: 0, deleted: 2 });
      expect(await store.count(plain)).toBe(0);
    });

    test('of many blocks', async () => {
      const { store } = context;
      await store.use(keyed);
      const many = (from: number, to: number) =>
        rows(...Array.from({ length: to - from }, (_, at): [string, number] => [`k${from + at}`, from + at]));
      await store.load(keyed, many(0, 6000), { pieces: 10_000 });
      expect(await store.load(keyed, many(5000, 9000), { ...replacing, pieces: 10_000 })).toMatchObject({
        created: 3000,
        deleted: 5000,
      });
      expect(await store.count(keyed)).toBe(4000);
      expect(await store.count(keyed, [{ field: 'v', operator: 'lt', value: 5000 }])).toBe(0);
    });

    test('of which a row is wrong changes nothing', async () => {
      const { store } = context;
      await store.use(keyed);
      await store.create(keyed, { k: 'a', v: 1 });
      await expect(store.load(keyed, '{"k":"b","v":"x"}\n', replacing)).rejects.toMatchObject({
        code: 'invalid_value',
      });
      expect((await store.items(keyed)).map(({ data }) => data.k)).toEqual(['a']);
    });
  });
}
