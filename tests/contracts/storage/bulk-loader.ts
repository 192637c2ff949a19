import { describe, expect, test } from 'vitest';
import { dataset, everyType, property } from '../../support/dataset-builders.ts';
import { ndjson } from '../../support/store-driver.ts';
import type { ContractContext } from './contract-context.ts';

export function describeBulkLoader(context: ContractContext): void {
  describe('bulk loads', () => {
    const items = dataset('items', [
      property('a', 'BIGINT', { required: true }),
      property('b', 'VARCHAR', { default: 'none' }),
      property('c', 'DECIMAL(6,2)'),
    ]);
    const sorted = { sort: [{ field: '_seq' }] };
    const data = async () => (await context.store.items(items, sorted)).map((item) => item.data);

    test('NDJSON: rows in order, blank lines passed over, absent members take the default', async () => {
      const { store } = context;
      await store.use(items);
      const body = '\ufeff{"a":1,"b":"ü","c":7.25}\r\n\n{"b":null,"a":2}\n  \n{"a":9007199254740993}';
      expect(await store.load(items, body, { pieces: 3 })).toMatchObject({
        created: 3,
        updated: 0,
        ignored: 0,
        rejected: 0,
      });
      expect(await data()).toEqual([
        { a: 1, b: 'ü', c: 7.25 },
        { a: 2, b: null, c: null },
        { a: 9007199254740992, b: 'none', c: null },
      ]);
      expect(await store.text(items, 'ndjson')).toContain('"a":9007199254740993,');
    });

    test('a JSON array', async () => {
      const { store } = context;
      await store.use(items);
      const body = '[{"a":1,"b":"]},["},\n {"a":2}\n]';
      expect(await store.load(items, body, { format: 'json', pieces: 4 })).toMatchObject({ created: 2 });
      expect(await data()).toMatchObject([
        { a: 1, b: ']},[' },
        { a: 2, b: 'none' },
      ]);
      expect(await store.load(items, '[]', { format: 'json' })).toMatchObject({ created: 0 });
    });

    test('CSV: columns in any order, empty is null, a missing column takes the default', async () => {
      const { store } = context;
      await store.use(items);
      const body = '\ufeff"c",a\r\n1.50,1\r\n,2\r\n"3",3\r\n';
      expect(await store.load(items, body, { format: 'csv', pieces: 5 })).toMatchObject({ created: 3 });
      expect(await data()).toEqual([
        { a: 1, b: 'none', c: 1.5 },
        { a: 2, b: 'none', c: null },
        { a: 3, b: 'none', c: 3 },
      ]);
      await store.load(items, 'b,a\n"",4\n,5\n"x ""y""\r\nz",6\n', { format: 'csv', pieces: 1 });
      expect((await data()).slice(3)).toMatchObject([{ b: '' }, { b: null }, { b: 'x "y"\r\nz' }]);
    });

    test('ids of one upload sort in the order of its lines, and follow those before', async () => {
      const { store } = context;
      await store.use(items);
      const rows = (from: number) => ndjson(Array.from({ length: 5000 }, (_, at) => ({ a: from + at })));
      await store.load(items, rows(0), { pieces: 10_000 });
      await store.load(items, rows(5000), { pieces: 10_000 });
      const numbers = (await store.items(items, { sort: [{ field: '_seq' }], size: 20_000 })).map(
        (item) => item.data.a,
      );
      expect(numbers).toEqual(Array.from({ length: 10_000 }, (_, at) => at));
      const byId = (await store.items(items, { size: 20_000 })).map((item) => item.data.a);
      expect(byId.slice(0, 5000)).toEqual(numbers.slice(0, 5000));
      expect(byId.slice(5000).toSorted()).toEqual(numbers.slice(5000).toSorted());
    });

    test.each([
      ['a string for a number', '{"a":"1"}'],
      ['a number for a string', '{"a":1,"b":1}'],
      ['a fraction for an integer', '{"a":1.5}'],
      ['an integer past 64 bits', '{"a":9223372036854775808}'],
      ['too many places', '{"a":1,"c":1.234}'],
      ['too many digits', '{"a":1,"c":12345.1}'],
      ['null where a value is required', '{"a":null}'],
      ['a missing required member', '{"b":"x"}'],
      ['an unknown member', '{"a":1,"z":1}'],
      ['a member named twice', '{"a":1,"a":1}'],
      ['U+0000', '{"a":1,"b":"\\u0000"}'],
      ['a lone surrogate', '{"a":1,"b":"\\ud800"}'],
      ['no object', '[1]'],
      ['no JSON', '{"a":1'],
      ['two values on a line', '{"a":1}{"a":2}'],
    ])('NDJSON with %s is refused whole, its line told', async (_, line) => {
      const { store } = context;
      await store.use(items);
      const head = store.engine.changes.head();
      const error = await store.load(items, `{"a":1}\n\n${line}\n{"a":3}\n`).catch((caught) => caught);
      expect(['invalid_value', 'invalid_body']).toContain(error.code);
      expect(error.details.rejections).toMatchObject([{ line: 3, errors: [{ message: expect.any(String) }] }]);
      expect(await store.count(items)).toBe(0);
      expect(store.engine.changes.head()).toBe(head);
      expect(await store.load(items, `{"a":1}\n\n${line}\n{"a":3}\n`, { onInvalid: 'reject' })).toMatchObject({
        created: 2,
        rejected: 1,
        rejections: [{ line: 3 }],
      });
      expect((await data()).map((item) => item.a)).toEqual([1, 3]);
    });

    test.each([
      ['text for a number', 'x,b,1'],
      ['a fraction for an integer', '1.5,b,1'],
      ['too many places', '1,b,1.234'],
      ['null where a value is required', ',b,1'],
      ['a cell too few', '1,b'],
      ['a cell too many', '1,b,1,2'],
      ['a stray quote', '1,b"c,1'],
    ])('CSV with %s is refused whole, its line told', async (_, line) => {
      const { store } = context;
      await store.use(items);
      const body = `a,b,c\n1,"two\nlines",\n${line}\n3,,\n`;
      const error = await store.load(items, body, { format: 'csv' }).catch((caught) => caught);
      expect(['invalid_value', 'invalid_body']).toContain(error.code);
      expect(error.details.rejections).toMatchObject([{ line: 4 }]);
      expect(await store.count(items)).toBe(0);
      expect(await store.load(items, body, { format: 'csv', onInvalid: 'reject' })).toMatchObject({
        created: 2,
        rejected: 1,
        rejections: [{ line: 4 }],
      });
    });

    test.each([
      ['an unknown column', 'a,z\n1,2\n', 'csv'],
      ['a column named twice', 'a,a\n1,2\n', 'csv'],
      ['no header', '', 'csv'],
      ['no array', '{"a":1}', 'json'],
      ['an array that is cut off', '[{"a":1},', 'json'],
      ['an array with broken JSON', '[{"a":1},{"a":}]', 'json'],
    ] as const)('%s is an invalid body, even where bad rows may be rejected', async (_, body, format) => {
      const { store } = context;
      await store.use(items);
      const load = store.load(items, body, { format, onInvalid: 'reject' });
      await expect(load).rejects.toMatchObject({ code: 'invalid_body' });
      expect(await store.count(items)).toBe(0);
    });

    test('what an export holds can be read back: system columns are taken along, ids kept', async () => {
      const { store } = context;
      const all = await store.use(everyType());
      await store.create(
        all,
        { text: 'a,"b"', double: 1e-7, extra: { x: [1] }, moment: '1960-01-01' },
        {},
        { text: '' },
      );
      const shown = await store.items(all, sorted);
      for (const [at, format] of (['ndjson', 'ndjson-flat', 'csv'] as const).entries()) {
        const copy = await store.use(everyType(`copy_${at}`));
        const body = (await store.text(all, format, sorted)).replaceAll('"every_type"', `"${copy.name}"`);
        expect(await store.load(copy, body, { format: format === 'csv' ? 'csv' : 'ndjson' })).toMatchObject({
          created: 3,
        });
        const back = await store.items(copy, sorted);
        expect(back.map(({ id, data: values }) => ({ id, values }))).toEqual(
          shown.map(({ id, data: values }) => ({ id, values })),
        );
        await expect(store.load(copy, body, { format: format === 'csv' ? 'csv' : 'ndjson' })).rejects.toMatchObject({
          code: 'key_exists',
        });
      }
    });

    test('a load that is given up stores nothing', async () => {
      const { store } = context;
      await store.use(items);
      const controller = new AbortController();
      async function* endless() {
        yield new TextEncoder().encode('{"a":1}\n');
        controller.abort();
        yield new TextEncoder().encode('{"a":2}\n');
        await new Promise(() => {});
      }
      const load = store.load(items, '', { body: endless(), signal: controller.signal } as object);
      await expect(load).rejects.toMatchObject({ code: 'cancelled' });
      expect(await store.count(items)).toBe(0);
      expect(await store.load(items, '{"a":1}')).toMatchObject({ created: 1 });
    });

    test('a body that breaks off stores nothing', async () => {
      const { store } = context;
      await store.use(items);
      async function* broken() {
        yield new TextEncoder().encode('{"a":1}\n');
        throw new Error('the connection was reset');
      }
      await expect(store.load(items, '', { body: broken() } as object)).rejects.toThrow();
      expect(await store.count(items)).toBe(0);
    });

    test('marks are kept with the counts of the load, or not at all', async () => {
      const { store } = context;
      await store.use(items);
      const marks = [{ kind: 'cursor', key: 'k', value: (counts: { created: number }) => `made ${counts.created}` }];
      await expect(store.load(items, '{"a":"x"}', { marks })).rejects.toMatchObject({ code: 'invalid_value' });
      expect(await store.engine.writer.readMark('cursor', 'k')).toBeNull();
      await store.load(items, '{"a":1}\n{"a":2}', { marks });
      expect(await store.engine.writer.readMark('cursor', 'k')).toBe('made 2');
    });

    test.each(['one row', 'many rows'])('a load of %s whose guard finds another mark stores nothing', async (size) => {
      const { store, manyRows } = context;
      const rows = size === 'one row' ? 1 : manyRows / 3;
      await store.use(items);
      const body = ndjson(Array.from({ length: rows }, (_, a) => ({ a })));
      const mark = (value: string) => ({ marks: [{ kind: 'cursor', key: 'k', value: () => value }] });
      const guards = (value: string | null) => ({ guards: [{ kind: 'cursor', key: 'k', value }] });
      await store.load(items, body, { ...mark('one'), ...guards(null) });
      const late = store.load(items, body, { ...mark('two'), ...guards(null) });
      await expect(late).rejects.toMatchObject({ code: 'version_moved' });
      expect(await store.count(items)).toBe(rows);
      await store.load(items, body, { ...mark('three'), ...guards('one') });
      expect(await store.count(items)).toBe(2 * rows);
      expect(await store.engine.writer.readMark('cursor', 'k')).toBe('three');
    });
  });
}
