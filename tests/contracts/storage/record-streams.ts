import { describe, expect, test } from 'vitest';
import { readCsv } from '#formats/csv/read-csv.ts';
import { collect, inPieces } from '../../support/bytes.ts';
import { dataset, everyType, property } from '../../support/dataset-builders.ts';
import { ndjson, reading } from '../../support/store-driver.ts';
import type { ContractContext } from './contract-context.ts';

export function describeRecordStreams(context: ContractContext): void {
  describe('streams', () => {
    const items = dataset('items', [property('a', 'BIGINT'), property('b', 'VARCHAR')]);
    const lines = (text: string) => text.split('\n').filter((line) => line !== '');

    async function fill(count: number): Promise<void> {
      await context.store.use(items);
      const rows = Array.from({ length: count }, (_, at) => ({ a: at, b: at % 3 === 0 ? null : `text, "${at}"` }));
      await context.store.load(items, ndjson(rows), { pieces: 65_536 });
    }

    test('NDJSON is a record a line, the same as a page shows', async () => {
      const { store } = context;
      await fill(20);
      const asked = { sort: [{ field: 'a', order: 'desc' }], filters: [{ field: 'b', operator: 'is_not_null' }] };
      const streamed = lines(await store.text(items, 'ndjson', asked));
      expect(streamed).toEqual((await store.page(items, asked)).records.map((record) => record.json));
      expect(lines(await store.text(items, 'ndjson', { ...asked, limit: 3 }))).toEqual(streamed.slice(0, 3));
    });

    test('flat NDJSON has the columns of CSV', async () => {
      const { store } = context;
      await fill(2);
      const [first] = lines(await store.text(items, 'ndjson-flat', { sort: [{ field: 'a' }] }));
      expect(Object.keys(JSON.parse(first ?? ''))).toEqual(['id', 'a', 'b', 'created_at', 'updated_at', 'version']);
      expect(JSON.parse(first ?? '')).toMatchObject({ a: 0, b: null, version: 1 });
      const [narrow] = lines(await store.text(items, 'ndjson-flat', { fields: [1] }));
      expect(Object.keys(JSON.parse(narrow ?? ''))).toEqual(['id', 'b', 'created_at', 'updated_at', 'version']);
    });

    test('CSV tells null from the empty string and quotes what needs it', async () => {
      const { store } = context;
      await store.use(items);
      const texts = [null, '', 'plain', 'a,b', 'say "hi"', 'two\nlines', 'cr\r', '😀'];
      await store.create(items, ...texts.map((b, a) => ({ a, b })));
      const body = await store.text(items, 'csv', { sort: [{ field: 'a' }] });
      const [header, ...records] = await collect(readCsv(inPieces(body, 64), { maxRecordBytes: 1000 }));
      expect(header?.cells).toEqual(['id', 'a', 'b', 'created_at', 'updated_at', 'version']);
      expect(records.map((record) => record.cells?.[2])).toEqual(texts);
      expect(records.map((record) => record.cells?.[1])).toEqual(texts.map((_, a) => String(a)));
      expect(await store.text(items, 'csv', { filters: [{ field: 'a', operator: 'lt', value: 0 }] })).toBe(
        'id,a,b,created_at,updated_at,version\n',
      );
    });

    test('a property that is called like a system field pushes its column aside', async () => {
      const { store } = context;
      const odd = await store.use(dataset('odd', [property('id', 'INTEGER'), property('Version', 'VARCHAR')]));
      const [made] = await store.create(odd, { id: 7, Version: 'v' });
      const [line] = lines(await store.text(odd, 'ndjson-flat'));
      expect(JSON.parse(line ?? '')).toMatchObject({ _id: made?.id, id: 7, Version: 'v', _version: 1 });
      expect((await store.text(odd, 'csv')).split('\n')[0]).toBe('_id,id,Version,created_at,updated_at,_version');
      expect(await store.count(odd, [{ field: 'id', operator: 'eq', value: 7 }])).toBe(1);
      expect(await store.count(odd, [{ field: '_id', operator: 'eq', value: made?.id }])).toBe(1);
    });

    test('every type is written exactly in CSV', async () => {
      const { store } = context;
      const all = await store.use(everyType());
      await store.create(all, {
        text: ' x ',
        big: 2n ** 63n - 1n,
        int: 0,
        small: -1,
        double: 0.1,
        price: 7.25,
        flag: true,
        day: '2024-02-29',
        time: '10:30:00.5',
        moment: '1969-12-31T23:59:59.25Z',
        ref: '0190A6C2-1B7E-7CC3-9D2F-5E8F3C1A2B4D',
        extra: { a: [1, 'x'] },
      });
      expect(await store.text(all, 'csv')).toContain(
        ', x ,9223372036854775807,0,-1,0.1,7.2500,true,2024-02-29,10:30:00.5,1969-12-31T23:59:59.25Z,' +
          '0190a6c2-1b7e-7cc3-9d2f-5e8f3c1a2b4d,"{""a"":[1,""x""]}",',
      );
    });

    test('a stream is one snapshot, whatever is written while it runs', async () => {
      const { store } = context;
      await fill(20_000);
      let text = '';
      const decoder = new TextDecoder();
      let wrote = false;
      for await (const chunk of store.stream(items, 'ndjson')) {
        text += decoder.decode(chunk, { stream: true });
        if (wrote) continue;
        wrote = true;
        await store.change({ kind: 'delete-matching', dataset: items, filter: null });
        await store.create(items, { a: -1 });
      }
      const numbers = lines(text).map((line) => JSON.parse(line).data.a);
      expect(numbers.length).toBe(20_000);
      expect(new Set(numbers).size).toBe(20_000);
      expect(numbers).not.toContain(-1);
    });

    test('a consumer that leaves ends the stream, and the engine goes on', async () => {
      const { store } = context;
      await fill(20_000);
      for await (const chunk of store.stream(items, 'ndjson')) {
        expect(chunk.length).toBeGreaterThan(0);
        break;
      }
      expect(await store.count(items)).toBe(20_000);
    });

    test('a signal ends a stream with an error, so that nobody takes half for whole', async () => {
      const { store } = context;
      await fill(50_000);
      const controller = new AbortController();
      const read = async () => {
        for await (const _ of store.stream(items, 'csv', {}, reading(controller.signal))) controller.abort();
      };
      await expect(read()).rejects.toMatchObject({ code: 'cancelled' });
      expect(await store.count(items)).toBe(50_000);
    });
  });
}
