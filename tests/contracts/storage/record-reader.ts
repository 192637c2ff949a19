import { describe, expect, test } from 'vitest';
import { dataset, property } from '../../support/dataset-builders.ts';
import { reading } from '../../support/store-driver.ts';
import type { ContractContext } from './contract-context.ts';

const NOBODY = '01890a6c-1b7e-7cc3-9d2f-5e8f3c1a2b4d';

export function describeRecordReader(context: ContractContext): void {
  describe('reads', () => {
    const items = dataset('items', [
      property('group', 'VARCHAR'),
      property('rank', 'INTEGER'),
      property('note', 'VARCHAR'),
    ]);
    const keyed = dataset('keyed', [property('code', 'BIGINT'), property('day', 'DATE'), property('note', 'VARCHAR')], {
      primaryKey: ['day', 'code'],
    });

    async function fill(): Promise<string[]> {
      const { store } = context;
      await store.use(items);
      const rows = Array.from({ length: 25 }, (_, at) => ({
        group: at % 5 === 4 ? null : `g${at % 3}`,
        rank: at % 7 === 6 ? null : at % 4,
        note: `n${at}`,
      }));
      return (await store.create(items, ...rows)).map((record) => record.id);
    }

    test('without a sort a page is in order of id, with the total of all', async () => {
      const { store } = context;
      const ids = await fill();
      const page = await store.page(items, { size: 10, offset: 10 });
      expect(page.records.map((record) => record.id)).toEqual(ids.slice(10, 20));
      expect(page.total).toBe(25);
      expect(page.last).toEqual({ values: [], id: ids[19] });
      expect(page.records[0]).toMatchObject({ id: ids[10], version: 1 });
      expect(JSON.parse(page.records[0]?.json ?? '')).toMatchObject({ id: ids[10], data: { note: 'n10' } });
      expect(await store.page(items, { size: 10, offset: 30 })).toMatchObject({ records: [], total: 25, last: null });
    });

    test('sorts put nulls last either way and break ties by id', async () => {
      const { store } = context;
      await fill();
      const shown = async (sort: unknown) => (await store.items(items, { sort })).map((item) => item.data);
      const up = await shown([
        { field: 'group', order: 'asc' },
        { field: 'rank', order: 'desc' },
      ]);
      expect(up.slice(0, 4).map(({ group, rank }) => [group, rank])).toEqual([
        ['g0', 3],
        ['g0', 3],
        ['g0', 2],
        ['g0', 1],
      ]);
      expect(up.slice(-5).map(({ group }) => group)).toEqual([null, null, null, null, null]);
      const down = await shown([{ field: 'group', order: 'desc' }]);
      expect(down.slice(-5).map(({ note }) => note)).toEqual(['n4', 'n9', 'n14', 'n19', 'n24']);
      expect(down[0]).toMatchObject({ group: 'g2', note: 'n2' });
    });

    test('strings sort and compare by code point', async () => {
      const { store } = context;
      await store.use(items);
      const notes = ['', 'Z', 'a', 'aa', 'z', 'é', '\uffee', '😀', '😀a'];
      await store.create(items, ...notes.toReversed().map((note) => ({ note })));
      const sorted = await store.items(items, { sort: [{ field: 'note' }] });
      expect(sorted.map((item) => item.data.note)).toEqual(notes);
      expect(await store.count(items, [{ field: 'note', operator: 'gt', value: '\uffee' }])).toBe(2);
    });

    test('a page narrowed to some fields has exactly those', async () => {
      const { store } = context;
      await fill();
      const [first] = await store.items(items, { fields: [1, 2], size: 1 });
      expect(Object.keys(first?.data ?? {})).toEqual(['rank', 'note']);
      const [none] = await store.items(items, { fields: [], size: 1 });
      expect(none?.data).toEqual({});
    });

    test('filters, with the three values of SQL', async () => {
      const { store } = context;
      await fill();
      const count = (...filters: unknown[]) => store.count(items, filters);
      expect(await count({ field: 'rank', operator: 'eq', value: 1 })).toBe(5);
      expect(await count({ field: 'rank', operator: 'ne', value: 1 })).toBe(17);
      expect(await count({ not: { field: 'rank', operator: 'eq', value: 1 } })).toBe(17);
      expect(await count({ field: 'rank', operator: 'is_null' })).toBe(3);
      expect(await count({ field: 'rank', operator: 'is_not_null' })).toBe(22);
      expect(await count({ field: 'rank', operator: 'eq', value: null })).toBe(0);
      expect(await count({ not: { field: 'rank', operator: 'eq', value: null } })).toBe(0);
      expect(await count({ field: 'rank', operator: 'in', value: [] })).toBe(0);
      expect(await count({ not: { field: 'rank', operator: 'in', value: [] } })).toBe(25);
      expect(await count({ field: 'rank', operator: 'in', value: [1, null] })).toBe(5);
      expect(await count({ not: { field: 'rank', operator: 'in', value: [1, null] } })).toBe(0);
      expect(await count({ and: [] })).toBe(25);
      expect(await count({ or: [] })).toBe(0);
      expect(await count({ not: { and: [] } })).toBe(0);
      expect(
        await count({
          or: [
            { field: 'rank', operator: 'lt', value: 1 },
            { field: 'group', operator: 'eq', value: 'g2' },
          ],
        }),
      ).toBe(12);
      expect(
        await count(
          { field: 'group', operator: 'in', value: ['g1', 'g2'] },
          { field: 'rank', operator: 'gte', value: 2 },
        ),
      ).toBe(6);
    });

    test('patterns take wild cards, escapes and case', async () => {
      const { store } = context;
      await store.use(items);
      const notes = [
        '100%',
        '1000',
        'a_b',
        'axb',
        'back\\slash',
        'σίσυφος',
        'Straße',
        '😀',
        'İ',
        'ſ',
        '',
        'line\nbreak',
      ];
      await store.create(items, ...notes.map((note) => ({ note })));
      const found = async (operator: string, value: string) =>
        (await store.items(items, { filters: [{ field: 'note', operator, value }] })).map((item) => item.data.note);
      expect(await found('like', '100\\%')).toEqual(['100%']);
      expect(await found('like', '100_')).toEqual(['100%', '1000']);
      expect(await found('like', 'a\\_b')).toEqual(['a_b']);
      expect(await found('like', '%\\\\%')).toEqual(['back\\slash']);
      expect(await found('like', '_')).toEqual(['😀', 'İ', 'ſ']);
      expect(await found('like', '')).toEqual(['']);
      expect(await found('like', 'line%break')).toEqual(['line\nbreak']);
      expect(await found('like', 'AXB')).toEqual([]);
      expect(await found('ilike', 'A_B')).toEqual(['a_b', 'axb']);
      expect(await found('ilike', 'ΣΊΣΥΦΟΣ')).toEqual(['σίσυφος']);
      expect(await found('ilike', 'strasse')).toEqual([]);
      expect(await found('ilike', '%ß%')).toEqual(['Straße']);
      expect(await found('ilike', 'S')).toEqual(['ſ']);
      expect(await found('ilike', 'i')).toEqual([]);
    });

    test('following the cursor neither repeats nor skips a row that stayed, whatever is written meanwhile', async () => {
      const { store } = context;
      const ids = await fill();
      for (const sort of [
        [{ field: 'group', order: 'desc' }, { field: 'rank' }],
        [{ field: '_seq', order: 'desc' }],
        [],
      ]) {
        const stayed = new Set((await store.page(items, { size: 100 })).records.map((record) => record.id));
        const seen: string[] = [];
        let turn = 0;
        for await (const page of store.pages(items, { sort, size: 4 })) {
          seen.push(...page.records.map((record) => record.id));
          await store.create(items, { group: 'g1', rank: turn }, { group: null, rank: null });
          const gone = ids.pop();
          if (gone !== undefined) {
            await store.delete(items, gone);
            stayed.delete(gone);
          }
          if (++turn > 20) break;
        }
        const kept = seen.filter((id) => stayed.has(id));
        expect(new Set(kept).size).toBe(kept.length);
        if (turn <= 20) expect(kept.length).toBe(stayed.size);
      }
    });

    test('the page behind a cursor starts after its record, over ties and nulls', async () => {
      const { store } = context;
      await fill();
      const asked = {
        sort: [{ field: 'rank', order: 'desc' }],
        filters: [{ field: 'note', operator: 'ne', value: 'n3' }],
      };
      const all = (await store.page(items, asked)).records.map((record) => record.id);
      for (const size of [1, 3, 7]) {
        const seen: string[] = [];
        for await (const page of store.pages(items, { ...asked, size })) {
          expect(page.total).toBe(24);
          seen.push(...page.records.map((record) => record.id));
        }
        expect(seen).toEqual(all);
      }
    });

    test('records are found by id, in the order asked, null for none', async () => {
      const { store } = context;
      const ids = await fill();
      const asked = [ids[3], NOBODY, ids[1], ids[3]].map(String);
      const found = await store.engine.reader.byIds(items, asked, reading());
      expect(found.map((record) => record?.id ?? null)).toEqual([ids[3], null, ids[1], ids[3]]);
      expect(await store.engine.reader.byIds(items, [], reading())).toEqual([]);
    });

    test('records are found by natural key, in key order', async () => {
      const { store } = context;
      await store.use(keyed);
      const made = await store.create(
        keyed,
        { code: 1, day: '2024-01-01' },
        { code: 2, day: '2024-01-01' },
        { code: 1, day: '1969-12-31' },
      );
      const found = await store.engine.reader.byKeys(
        keyed,
        [
          ['1969-12-31', 1n],
          ['2024-01-01', 3n],
          ['2024-01-01', 2n],
        ],
        reading(),
      );
      expect(found.map((record) => record?.id ?? null)).toEqual([made[2]?.id, null, made[1]?.id]);
      expect(JSON.parse(found[0]?.json ?? '')).toMatchObject({ composite_id: '1969-12-31|1' });
    });

    test('work that was given up does not answer', async () => {
      const { store } = context;
      await fill();
      const options = reading(AbortSignal.abort());
      await expect(store.engine.reader.count(items, null, options)).rejects.toMatchObject({ code: 'cancelled' });
      await expect(
        store.engine.reader.page({ ...store.query(items, {}), size: 1, start: { kind: 'offset', offset: 0 } }, options),
      ).rejects.toMatchObject({ code: 'cancelled' });
    });
  });
}
