import { describe, expect, test } from 'vitest';
import { dataset, property } from '../../support/dataset-builders.ts';
import { recordOf, request } from '../../support/store-driver.ts';
import type { ContractContext } from './contract-context.ts';

const GIVEN = '01890a6c-1b7e-7cc3-9d2f-5e8f3c1a2b4d';

export function describeWriteConflicts(context: ContractContext): void {
  describe('conflicts of small writes', () => {
    const keyed = dataset(
      'keyed',
      [
        property('field', 'BIGINT'),
        property('well', 'VARCHAR'),
        property('oil', 'DECIMAL(10,2)'),
        property('tag', 'VARCHAR', { unique: true }),
      ],
      { primaryKey: ['field', 'well'] },
    );
    const row = (field: number, well: string, oil: number | null = null, tag: string | null = null) => ({
      field,
      well,
      oil,
      tag,
    });

    test('an id that is given is kept where it is free', async () => {
      const { store } = context;
      await store.use(keyed);
      const given = (args: Parameters<typeof row>, onConflict: 'error' | 'ignore' | 'update' = 'error') =>
        store.change(store.createChange(keyed, row(...args), { id: GIVEN, onConflict }));
      expect(recordOf((await given([1, 'a']))[0]).id).toBe(GIVEN);
      await expect(given([2, 'a'])).rejects.toMatchObject({ code: 'key_exists' });
      expect(await given([2, 'a'], 'ignore')).toMatchObject([
        { kind: 'ignored', record: { id: GIVEN, row: [1n, 'a', null, null] } },
      ]);
      await expect(given([2, 'a'], 'update')).rejects.toMatchObject({ code: 'invalid_value' });
      expect(await given([1, 'a', 5], 'update')).toMatchObject([
        { kind: 'updated', record: { id: GIVEN, version: 2 } },
      ]);
    });

    test('a conflict is an error, ignored or an update, as asked', async () => {
      const { store } = context;
      await store.use(keyed);
      const [made] = await store.create(keyed, row(1, 'a', 1));
      const put = (oil: number, onConflict: 'ignore' | 'update') =>
        store.change(store.createChange(keyed, row(1, 'a', oil), { onConflict }));
      await expect(store.create(keyed, row(1, 'a', 9))).rejects.toMatchObject({ code: 'key_exists' });
      expect(await put(2, 'ignore')).toMatchObject([
        { kind: 'ignored', record: { id: made?.id, row: [1n, 'a', '1.00', null] } },
      ]);
      expect(await put(3, 'update')).toMatchObject([
        {
          kind: 'updated',
          record: { id: made?.id, version: 2, createdAt: made?.createdAt, row: [1n, 'a', '3.00', null] },
        },
      ]);
      expect(await store.change(store.createChange(keyed, row(9, 'z'), { onConflict: 'update' }))).toMatchObject([
        { kind: 'created', record: { version: 1 } },
      ]);
    });

    test('a unique property is no target of a conflict policy', async () => {
      const { store } = context;
      await store.use(keyed);
      await store.create(keyed, row(1, 'a', 1, 't'));
      for (const onConflict of ['ignore', 'update'] as const) {
        const change = store.createChange(keyed, row(2, 'b', 1, 't'), { onConflict });
        await expect(store.change(change)).rejects.toMatchObject({ code: 'key_exists' });
      }
    });

    test('requests of one commit see what those before them did', async () => {
      const { store } = context;
      await store.use(keyed);
      const put = (oil: number) => request([store.createChange(keyed, row(1, 'a', oil), { onConflict: 'update' })]);
      const outcomes = await store.engine.writer.commit([put(1), put(2), put(2), put(3)]);
      expect(outcomes.map((outcome) => outcome.ok && outcome.results[0]?.kind)).toEqual([
        'created',
        'updated',
        'unchanged',
        'updated',
      ]);
      expect(await store.items(keyed)).toMatchObject([{ version: 3, data: { oil: 3 } }]);
      expect((await store.changes(keyed)).changes.map(({ op, version }) => [op, version])).toEqual([
        ['create', 1],
        ['update', 2],
        ['update', 3],
      ]);
    });
  });
}
