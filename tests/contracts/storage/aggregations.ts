import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { aggregate } from '#domain/query/aggregate.ts';
import { type Aggregation, bucketsOf, isAggregable, typesOfAggregation } from '#domain/query/aggregation.ts';
import { typeOfField } from '#domain/query/field.ts';
import { parseAggregation } from '#domain/query/parse-aggregation.ts';
import { jsonFrom } from '#domain/record/json.ts';
import type { Value } from '#domain/record/value.ts';
import { dataset, property } from '../../support/dataset-builders.ts';
import { reading } from '../../support/store-driver.ts';
import type { ContractContext } from './contract-context.ts';

const every = dataset('every', [
  property('text', 'VARCHAR'),
  property('big', 'BIGINT'),
  property('small', 'SMALLINT'),
  property('double', 'DOUBLE'),
  property('price', 'DECIMAL(18,4)'),
  property('flag', 'BOOLEAN'),
  property('day', 'DATE'),
  property('time', 'TIME'),
  property('moment', 'TIMESTAMP'),
  property('ref', 'UUID'),
]);

/** Groups and their figures, held against the domain's own meaning of them, and against figures made by hand. */
export function describeAggregations(context: ContractContext): void {
  describe('aggregations', () => {
    const ask = (
      of: Dataset,
      asked: { group_by?: unknown; measures?: unknown; sort?: unknown; limit?: number; filters?: unknown },
    ) => {
      const { store } = context;
      const json = (value: unknown) => (value === undefined ? null : jsonFrom(value));
      const parsed = parseAggregation(of, {
        groupBy: json(asked.group_by),
        measures: json(asked.measures),
        sort: json(asked.sort),
      });
      const { filter } = store.query(of, { filters: asked.filters });
      const query: Aggregation = { dataset: of, filter, ...parsed, limit: asked.limit ?? 1000 };
      return store.engine.reader.aggregate(query, reading());
    };

    test('sums and counts are exact, nulls count for nothing and are a group', async () => {
      const { store } = context;
      await store.use(every);
      await store.create(
        every,
        { text: 'a', big: 9007199254740993n, price: 0.1, double: 0.5 },
        { text: 'a', big: 9007199254740993n, price: 0.2, double: 1.5 },
        { text: 'a', big: null, price: null },
        { big: 1 },
        { text: '', big: -1, price: -0.1 },
      );
      const measures = [
        { function: 'count' },
        { function: 'count', field: 'big' },
        { function: 'sum', field: 'big' },
        { function: 'sum', field: 'price' },
        { function: 'avg', field: 'double' },
        { function: 'min', field: 'price' },
        { function: 'max', field: 'big' },
      ];
      expect(await ask(every, { group_by: [{ field: 'text' }], measures })).toEqual([
        ['', 1n, 1n, '-1', '-0.1000', null, '-0.1000', -1n],
        ['a', 3n, 2n, '18014398509481986', '0.3000', 1, '0.1000', 9007199254740993n],
        [null, 1n, 1n, '1', null, null, null, 1n],
      ]);
      expect(await ask(every, { measures: [{ function: 'count' }, { function: 'sum', field: 'price' }] })).toEqual([
        [5n, '0.2000'],
      ]);
      const none = { filters: [{ field: 'text', operator: 'eq', value: 'nobody' }] };
      expect(await ask(every, { ...none, measures })).toEqual([[0n, 0n, null, null, null, null, null]]);
      expect(await ask(every, { ...none, group_by: [{ field: 'text' }], measures })).toEqual([]);
    });

    test('time is gathered by its parts, before 1970 too; weeks begin on Monday', async () => {
      const { store } = context;
      await store.use(every);
      await store.create(
        every,
        { day: '2024-01-01', moment: '2024-02-29T12:34:56.789Z' },
        { day: '2023-12-31', moment: '2024-03-31T23:59:59.999999Z' },
        { day: '1969-12-31', moment: '1969-12-31T23:59:59Z' },
      );
      const by = async (field: string, bucket: string) =>
        (await ask(every, { group_by: [{ field, bucket }] })).map(([key, count]) => [key, count]);
      expect(await by('day', 'week')).toEqual([
        ['1969-12-29', 1n],
        ['2023-12-25', 1n],
        ['2024-01-01', 1n],
      ]);
      expect(await by('moment', 'quarter')).toEqual([
        ['1969-10-01T00:00:00Z', 1n],
        ['2024-01-01T00:00:00Z', 2n],
      ]);
      expect(await by('moment', 'hour')).toEqual([
        ['1969-12-31T23:00:00Z', 1n],
        ['2024-02-29T12:00:00Z', 1n],
        ['2024-03-31T23:00:00Z', 1n],
      ]);
    });

    test('groups are sorted by a figure, and cut', async () => {
      const { store } = context;
      await store.use(every);
      await store.create(every, ...['b', 'a', 'b', 'c', 'c', 'c'].map((text) => ({ text })));
      const sort = [{ function: 'count', order: 'desc' }];
      expect(await ask(every, { group_by: [{ field: 'text' }], sort, limit: 2 })).toEqual([
        ['c', 3n],
        ['b', 2n],
      ]);
    });

    test('whatever is asked, an engine gives what the domain does', async () => {
      const { store } = context;
      await store.use(every);
      await fc.assert(
        fc.asyncProperty(
          fc.array(anyRow, { maxLength: 40 }),
          fc.array(anyAsked, { minLength: 1, maxLength: 4 }),
          async (rows, asks) => {
            await store.change({ kind: 'delete-matching', dataset: every, filter: null });
            const records = rows.length === 0 ? [] : await store.create(every, ...rows);
            for (const asked of asks) {
              const query: Aggregation = { dataset: every, filter: null, ...asked };
              const types = typesOfAggregation(query);
              const found = await store.engine.reader.aggregate(query, reading());
              const expected = aggregate(query, records);
              expect(found).toHaveLength(expected.length);
              found.forEach((group, at) => {
                group.forEach((value, column) => {
                  const wanted = expected[at]?.[column] ?? null;
                  if (types[column]?.name === 'DOUBLE' && wanted !== null) expect(closeTo(value, wanted)).toBe(true);
                  else expect(value).toEqual(wanted);
                });
              });
            }
          },
        ),
        { numRuns: 40 },
      );
    }, 120_000);
  });
}

/** Sums of doubles depend on their order in the last digits. */
function closeTo(value: Value, wanted: Value): boolean {
  const [a, b] = [Number(value), Number(wanted)];
  return Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b));
}

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null, freq: 4 });
const moment = fc.date({
  min: new Date('1960-01-01T00:00:00Z'),
  max: new Date('2030-01-01T00:00:00Z'),
  noInvalidDate: true,
});
const anyRow = fc.record({
  text: maybe(fc.constantFrom('', 'a', 'B', 'ä', '\u{1F600}', '\uFFFD', 'a b')),
  big: maybe(fc.integer({ min: -1000, max: 1000 })),
  small: maybe(fc.integer({ min: -2, max: 2 })),
  double: maybe(fc.integer({ min: -1000, max: 1000 }).map((value) => value / 8)),
  price: maybe(fc.integer({ min: -50_000, max: 50_000 }).map((value) => value / 10_000)),
  flag: maybe(fc.boolean()),
  day: maybe(moment.map((date) => date.toISOString().slice(0, 10))),
  time: maybe(fc.constantFrom('00:00:00', '10:00:00', '10:00:00.5', '23:59:59.999999')),
  moment: maybe(moment.map((date) => date.toISOString())),
  ref: maybe(fc.constantFrom('0190a6c2-1b7e-7cc3-9d2f-5e8f3c1a2b4d', 'ffffffff-ffff-4fff-8fff-ffffffffffff')),
});

const fields = every.properties.map((item, index) => ({ kind: 'property', index, property: item }) as const);
const anyKey = fc.constantFrom(...fields).chain((field) => {
  const buckets = [null, ...bucketsOf(typeOfField(field))];
  return fc.constantFrom(...buckets).map((bucket) => ({ field, bucket }));
});
const anyMeasure = fc.oneof(
  fc.constant({ function: 'count', field: null } as const),
  fc
    .tuple(fc.constantFrom('count', 'sum', 'avg', 'min', 'max'), fc.constantFrom(...fields))
    .filter(([name, field]) => isAggregable(name as 'sum', typeOfField(field)))
    .map(([name, field]) => ({ function: name as 'sum', field })),
);
const anyAsked = fc
  .record({
    keys: fc.uniqueArray(anyKey, { maxLength: 3, selector: ({ field }) => field.index }),
    measures: fc.array(anyMeasure, { maxLength: 4 }),
    limit: fc.constantFrom(1, 3, 1000),
    order: fc.constantFrom('asc', 'desc'),
    place: fc.nat(),
    isSorted: fc.boolean(),
  })
  .filter(({ keys, measures }) => keys.length + measures.length > 0)
  .map(({ keys, measures, limit, order, place, isSorted }) => {
    const types = typesOfAggregation({ keys, measures });
    const exact = types.flatMap((type, column) => (column >= keys.length && type.name === 'DOUBLE' ? [] : [column]));
    const column = exact[place % Math.max(1, exact.length)];
    return { keys, measures, limit, sort: isSorted && column !== undefined ? [{ column, order } as const] : [] };
  });
