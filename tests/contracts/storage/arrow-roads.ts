import { readFileSync } from 'node:fs';
import { tableFromIPC } from 'apache-arrow';
import { describe, expect, test } from 'vitest';
import type { ColumnSchema } from '#domain/record/batch.ts';
import type { Row } from '#domain/record/value.ts';
import { writeArrowStream } from '#formats/arrow/write-arrow.ts';
import { readRows } from '#formats/columns/read-values.ts';
import { writeRows } from '#formats/columns/write-values.ts';
import { bytesOf } from '../../support/bytes.ts';
import { dataset, everyType, property } from '../../support/dataset-builders.ts';
import { reading } from '../../support/store-driver.ts';
import type { ContractContext } from './contract-context.ts';

const fixture = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../../fixtures/arrow/${name}`, import.meta.url)));

export function describeArrowRoads(context: ContractContext): void {
  describe('Arrow', () => {
    const items = dataset('items', [
      property('a', 'INTEGER', { rules: { maximum: 100 } }),
      property('b', 'VARCHAR', { default: 'none' }),
    ]);

    async function* one(columns: readonly ColumnSchema[], rows: readonly Row[]) {
      yield writeRows(columns, rows);
    }

    function arrow(
      columns: readonly [string, ColumnSchema['dbType']['name']][],
      rows: readonly Row[],
    ): Promise<Uint8Array> {
      const schema = columns.map(([name, type]) => ({
        name,
        dbType: { name: type } as ColumnSchema['dbType'],
        nullable: true,
      }));
      return bytesOf(writeArrowStream(schema, one(schema, rows)));
    }

    test.each(['exact.arrows', 'exact.arrow', 'exact-lz4.arrow', 'other-types.arrows'])(
      '%s of another program is loaded',
      async (name) => {
        const { store } = context;
        const all = await store.use(everyType());
        expect(await store.load(all, fixture(name), { format: 'arrow', pieces: 999 })).toMatchObject({ created: 3 });
        const [full, nothing, last] = await store.items(all, { sort: [{ field: '_seq' }] });
        expect(full?.data).toMatchObject({
          text: 'ü😀',
          int: 1,
          price: 7.25,
          flag: true,
          day: '0001-01-01',
          moment: '1969-12-31T23:59:59.25Z',
        });
        expect(full?.data).toMatchObject({ ref: '0190a6c2-1b7e-7cc3-9d2f-5e8f3c1a2b4d', extra: { a: [1, 'x'] } });
        expect(Object.values(nothing?.data ?? {}).every((value) => value === null)).toBe(true);
        expect(last?.data).toMatchObject({ text: '', flag: false, time: '00:00:00', extra: {} });
      },
    );

    test('a stream has the flat columns, and can be read back', async () => {
      const { store } = context;
      const all = await store.use(everyType());
      await store.load(all, fixture('exact.arrows'), { format: 'arrow' });
      const body = await bytesOf(store.stream(all, 'arrow', { sort: [{ field: '_seq' }] }));
      const table = tableFromIPC(body);
      expect(table.numRows).toBe(3);
      expect(table.schema.names).toEqual([
        'id',
        ...all.properties.map(({ name }) => name),
        'created_at',
        'updated_at',
        'version',
      ]);
      const copy = await store.use(everyType('copy'));
      expect(await store.load(copy, body, { format: 'arrow', pieces: 100 })).toMatchObject({ created: 3 });
      const shown = (records: Awaited<ReturnType<typeof store.items>>) => records.map(({ id, data }) => ({ id, data }));
      expect(shown(await store.items(copy))).toEqual(shown(await store.items(all)));
    });

    test('batches are the rows of the query, with its schema', async () => {
      const { store } = context;
      await store.use(items);
      await store.create(items, { a: 1, b: 'x' }, { a: 2, b: null }, { a: 3 });
      const query = store.query(items, {
        sort: [{ field: 'a', order: 'desc' }],
        filters: [{ field: 'a', operator: 'ne', value: 2 }],
      });
      const { schema, batches } = store.engine.reader.batches({ ...query, limit: 5 }, reading());
      const rows: Row[] = [];
      for await (const batch of batches) rows.push(...readRows(schema, batch));
      expect(schema.map(({ name }) => name)).toEqual(['id', 'a', 'b', 'created_at', 'updated_at', 'version']);
      expect(rows.map((row) => [row[1], row[2], row[5]])).toEqual([
        [3, 'none', 1],
        [1, 'x', 1],
      ]);
    });

    test('columns stand in any order, and a missing one takes the default', async () => {
      const { store } = context;
      await store.use(items);
      await store.load(
        items,
        await arrow(
          [
            ['b', 'VARCHAR'],
            ['a', 'BIGINT'],
          ],
          [
            ['x', 1n],
            [null, 2n],
          ],
        ),
        { format: 'arrow' },
      );
      await store.load(items, await arrow([['a', 'SMALLINT']], [[3]]), { format: 'arrow' });
      expect((await store.items(items, { sort: [{ field: 'a' }] })).map(({ data }) => data)).toEqual([
        { a: 1, b: 'x' },
        { a: 2, b: null },
        { a: 3, b: 'none' },
      ]);
    });

    test('rows that break a rule are told by their place', async () => {
      const { store } = context;
      await store.use(items);
      const body = await arrow([['a', 'BIGINT']], [[1n], [2n ** 40n], [101n], [4n]]);
      await expect(store.load(items, body, { format: 'arrow' })).rejects.toMatchObject({ code: 'invalid_value' });
      expect(await store.count(items)).toBe(0);
      expect(await store.load(items, body, { format: 'arrow', onInvalid: 'reject' })).toMatchObject({
        created: 2,
        rejected: 2,
        rejections: [{ line: 2 }, { line: 3 }],
      });
    });

    test('a column of another kind, an unknown one, and a body cut off are invalid bodies', async () => {
      const { store } = context;
      await store.use(items);
      const good = await arrow([['a', 'INTEGER']], [[1], [2]]);
      for (const body of [
        await arrow([['a', 'VARCHAR']], [['1']]),
        await arrow(
          [
            ['a', 'INTEGER'],
            ['z', 'INTEGER'],
          ],
          [[1, 1]],
        ),
        good.subarray(0, good.length - 20),
        new Uint8Array(0),
        new TextEncoder().encode('{"a":1}\n{"a":2}\n'),
      ]) {
        const load = store.load(items, body, { format: 'arrow', onInvalid: 'reject' });
        await expect(load).rejects.toMatchObject({ code: 'invalid_body' });
      }
      expect(await store.count(items)).toBe(0);
    });
  });
}
