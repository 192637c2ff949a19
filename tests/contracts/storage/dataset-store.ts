import { describe, expect, test } from 'vitest';
import { dataset, everyType, property } from '../../support/dataset-builders.ts';
import type { ContractContext } from './contract-context.ts';

export function describeDatasetStore(context: ContractContext): void {
  describe('datasets', () => {
    const things = dataset('things', [property('name', 'VARCHAR'), property('size', 'INTEGER')]);

    test('a new dataset is planned as such, applied and listed', async () => {
      const { datasets } = context.store.engine;
      expect(await datasets.list()).toEqual([]);
      const plan = await datasets.plan(things);
      expect(plan.stored).toBeNull();
      expect(plan.steps).toMatchObject([{ step: { kind: 'create-dataset' }, safety: 'safe' }]);
      await datasets.apply(plan, { acceptLoss: false });
      expect(await datasets.list()).toEqual([things]);
      expect((await datasets.plan(things)).steps).toEqual([]);
    });

    test('every storage type is kept as it was described', async () => {
      const all = await context.store.use(everyType());
      expect(await context.store.engine.datasets.list()).toEqual([all]);
    });

    test('names of any script, with quotes and blanks, are only names', async () => {
      const odd = dataset('Größe "x"; DROP TABLE y', [property("it's", 'VARCHAR'), property('a"b', 'INTEGER')]);
      await context.store.use(odd);
      await context.store.create(odd, { "it's": 'é', 'a"b': 1 });
      const filters = [{ field: 'a"b', operator: 'eq', value: 1 }];
      expect(await context.store.items(odd, { filters, sort: [{ field: "it's" }] })).toMatchObject([
        { schema_name: odd.name, data: { "it's": 'é', 'a"b': 1 } },
      ]);
    });

    test('a new property with a default fills existing rows and leaves their version alone', async () => {
      const { store } = context;
      await store.use(things);
      const [record] = await store.create(things, { name: 'a', size: 1 });
      const head = store.engine.changes.head();
      const wider = {
        ...things,
        properties: [
          ...things.properties,
          property('colour', 'VARCHAR', { default: 'red' }),
          property('note', 'VARCHAR'),
        ],
      };
      const plan = await store.engine.datasets.plan(wider);
      expect(plan.steps.map((step) => [step.step.kind, step.safety])).toEqual([
        ['add-property', 'safe'],
        ['add-property', 'safe'],
      ]);
      await store.use(wider);
      expect(await store.items(wider)).toMatchObject([
        { id: record?.id, version: 1, data: { name: 'a', size: 1, colour: 'red', note: null } },
      ]);
      expect(store.engine.changes.head()).toBe(head);
      await store.create(wider, { name: 'b', size: 2, colour: 'blue', note: 'n' });
      expect(await store.count(wider, [{ field: 'colour', operator: 'eq', value: 'blue' }])).toBe(1);
    });

    test('a wider type keeps every value', async () => {
      const { store } = context;
      await store.use(things);
      await store.create(things, { name: 'a', size: 2147483647 }, { name: 'b', size: null });
      const wider = { ...things, properties: [property('name', 'VARCHAR'), property('size', 'BIGINT')] };
      await store.use(wider);
      await store.create(wider, { name: 'c', size: 9007199254740993n });
      expect((await store.text(wider, 'ndjson')).match(/"size":[^,}]+/g)).toEqual([
        '"size":2147483647',
        '"size":null',
        '"size":9007199254740993',
      ]);
    });

    test('rules that every row meets may be tightened; others are refused and nothing is touched', async () => {
      const { store } = context;
      await store.use(things);
      await store.create(things, { name: 'a', size: 1 }, { name: 'a', size: 2 });
      const withSize = (options: Parameters<typeof property>[2]) => ({
        ...things,
        properties: [property('name', 'VARCHAR'), property('size', 'INTEGER', options)],
      });
      for (const options of [{ rules: { maximum: 2 } }, { unique: true }, { required: true }]) {
        const plan = await store.engine.datasets.plan(withSize(options));
        expect(plan.steps.map((step) => step.safety)).not.toContain('refused');
      }
      for (const changed of [
        withSize({ rules: { maximum: 1 } }),
        { ...things, properties: [property('name', 'VARCHAR', { unique: true }), property('size', 'INTEGER')] },
        { ...things, properties: [property('name', 'VARCHAR'), property('size', 'VARCHAR')] },
        { ...things, properties: [property('name', 'VARCHAR')] },
      ]) {
        const plan = await store.engine.datasets.plan(changed);
        expect(plan.steps.map((step) => step.safety)).toContain('refused');
      }
      expect(await store.engine.datasets.list()).toEqual([things]);
      const unique = await store.use(withSize({ unique: true }));
      await expect(store.create(unique, { name: 'c', size: 2 })).rejects.toMatchObject({ code: 'key_exists' });
    });

    test('what would lose values is done only where that was accepted', async () => {
      const { store } = context;
      await store.use(things);
      await store.create(things, { name: 'a', size: 1 });
      const narrower = { ...things, properties: [property('name', 'VARCHAR')] };
      await expect(store.use(narrower)).rejects.toMatchObject({ code: 'incompatible_schema' });
      expect(await store.items(things)).toMatchObject([{ data: { name: 'a', size: 1 } }]);
      await store.use(narrower, { acceptLoss: true });
      expect(await store.items(narrower)).toMatchObject([{ data: { name: 'a' } }]);
      expect((await store.changes(narrower)).changes).toMatchObject([{ data: { name: 'a' } }]);
    });

    test('history takes part in a change of the dataset', async () => {
      const { store } = context;
      await store.use(things);
      const [record] = await store.create(things, { name: 'a', size: 1 });
      await store.patch(things, record?.id ?? '', { size: 2 });
      const wider = { ...things, properties: [property('name', 'VARCHAR'), property('size', 'BIGINT')] };
      await store.use(wider);
      await store.patch(wider, record?.id ?? '', { size: 3n });
      expect((await store.changes(wider)).changes.map((change) => change.data.size)).toEqual([1, 2, 3]);
    });
  });
}
