import { describe, expect, test } from 'vitest';
import { dataset, property } from '../../support/dataset-builders.ts';
import { StoreDriver } from '../../support/store-driver.ts';
import type { ContractContext } from './contract-context.ts';

export function describeMaintenance(context: ContractContext): void {
  describe('maintenance', () => {
    const items = dataset('items', [property('a', 'INTEGER'), property('k', 'VARCHAR', { unique: true })]);

    test('health tells the engine and the head', async () => {
      const { store } = context;
      await store.use(items);
      await store.create(items, { a: 1 });
      expect(await store.engine.maintenance.health()).toMatchObject({
        ok: true,
        problem: null,
        engine: store.engine.name,
        head: store.engine.changes.head(),
      });
    });

    test('compacting loses nothing', async () => {
      const { store } = context;
      await store.use(items);
      const [record] = await store.create(items, { a: 1 });
      await store.patch(items, record?.id ?? '', { a: 2 });
      await store.engine.maintenance.compact();
      expect((await store.changes(items)).changes).toHaveLength(2);
      expect(await store.items(items)).toMatchObject([{ data: { a: 2 } }]);
    });

    test('a store that lasts is the same after it was closed and opened', async ({ skip }) => {
      const { reopen } = context.opened;
      skip(reopen === undefined, 'this engine keeps nothing when it is closed');
      if (reopen === undefined) return;
      const { store } = context;
      await store.use(items);
      const [one, two] = await store.create(items, { a: 1, k: 'x' }, { a: 2 });
      await store.patch(items, one?.id ?? '', { a: 10 });
      await store.delete(items, two?.id ?? '');
      await store.change();
      await store.engine.writer.commit([
        { changes: [], marks: [{ kind: 'cursor', key: 'k', value: 'v' }], origin: { caller: 'c', run: 'r' } },
      ]);
      const before = await store.changes(items);
      const again = new StoreDriver(await reopen());
      expect(await again.engine.datasets.list()).toEqual([items]);
      expect(await again.changes(items)).toEqual(before);
      expect(await again.engine.writer.readMark('cursor', 'k')).toBe('v');
      await expect(again.create(items, { a: 3, k: 'x' })).rejects.toMatchObject({ code: 'key_exists' });
      const [next] = await again.create(items, { a: 4 });
      expect(next?.seq).toBeGreaterThan(before.next);
    });
  });
}
