import { describe, expect, test } from 'vitest';
import type { DataForgeError } from '#domain/errors.ts';
import type { Change, WriteRequest } from '#domain/record/change.ts';
import { dataset, everyType, property } from '../../support/dataset-builders.ts';
import { ORIGIN, recordOf, request } from '../../support/store-driver.ts';
import type { ContractContext } from './contract-context.ts';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const NOBODY = '01890a6c-1b7e-7cc3-9d2f-5e8f3c1a2b4d';

export function describeRecordWriter(context: ContractContext): void {
  describe('small writes', () => {
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

    test('a created record has an id, times, version 1 and its own number', async () => {
      const { store } = context;
      await store.use(keyed);
      const [a, b] = await store.create(keyed, row(1, 'x', 1.5), row(1, 'y'));
      expect(a).toMatchObject({ version: 1, row: [1n, 'x', '1.50', null] });
      expect(a?.id).toMatch(UUID_V7);
      expect(a?.createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,5}[1-9])?Z$/);
      expect(a?.updatedAt).toBe(a?.createdAt);
      expect(b?.seq).toBe((a?.seq ?? 0) + 1);
      expect((a?.id ?? '') < (b?.id ?? '')).toBe(true);
      expect(store.engine.changes.head()).toBe(b?.seq);
      expect(await store.find(keyed, a?.id ?? '')).toEqual({
        id: a?.id,
        schema_name: 'keyed',
        composite_id: '1|x',
        data: row(1, 'x', 1.5),
        created_at: a?.createdAt,
        updated_at: a?.updatedAt,
        version: 1,
      });
    });

    test('every value comes back as it went in', async () => {
      const { store } = context;
      const all = await store.use(everyType());
      const values = {
        text: 'ü😀"\\\n%_\u0001',
        big: -(2n ** 63n),
        int: -(2 ** 31),
        small: 32767,
        double: 5e-324,
        price: -12345678901.23,
        flag: false,
        day: '0001-01-01',
        time: '23:59:59.999999',
        moment: '9999-12-31T23:59:59.000001Z',
        ref: 'ffffffff-ffff-ffff-ffff-ffffffffffff',
        extra: { b: [1, { c: null }], a: 'x"y' },
      };
      const [full] = await store.create(all, values);
      const [empty] = await store.create(all, {});
      const record = await store.find(all, full?.id ?? '');
      expect(record?.data).toEqual({ ...values, big: Number(values.big) });
      expect(Object.keys(record?.data ?? {})).toEqual(Object.keys(values));
      const shown = await store.text(all, 'ndjson', { sort: [{ field: '_seq' }], limit: 1 });
      expect(shown).toContain('"big":-9223372036854775808,"int":-2147483648,"small":32767,');
      expect(shown).toContain('"price":-12345678901.2300,"flag":false,"day":"0001-01-01","time":"23:59:59.999999"');
      expect(shown).toContain('"extra":{"b":[1,{"c":null}],"a":"x\\"y"}');
      const nothing = Object.fromEntries(all.properties.map(({ name }) => [name, null]));
      expect(await store.find(all, empty?.id ?? '')).toMatchObject({ data: nothing });
    });

    test('a request that cannot stand leaves its neighbours alone, and takes no number', async () => {
      const { store } = context;
      await store.use(keyed);
      const before = store.engine.changes.head();
      const create = (...args: Parameters<typeof row>) => store.createChange(keyed, row(...args));
      const outcomes = await store.engine.writer.commit([
        request([create(1, 'a')]),
        request([create(2, 'a'), create(1, 'a')]),
        request([create(2, 'a', 7)]),
        request([{ kind: 'delete', dataset: keyed, id: NOBODY, ifVersion: null }]),
        request([create(3, 'a', null, 'tag')]),
        request([create(4, 'a', null, 'tag')]),
      ]);
      expect(outcomes.map((outcome) => (outcome.ok ? 'ok' : Reflect.get(outcome.error, 'code')))).toEqual([
        'ok',
        'key_exists',
        'ok',
        'unknown_record',
        'ok',
        'key_exists',
      ]);
      expect(store.engine.changes.head()).toBe(before + 3);
      expect((await store.items(keyed, { sort: [{ field: '_seq' }] })).map((item) => item.data.oil)).toEqual([
        null,
        7,
        null,
      ]);
    });

    test('several records may have null in a unique property', async () => {
      const { store } = context;
      await store.use(keyed);
      await store.create(keyed, row(1, 'a'), row(2, 'a'));
      expect(await store.count(keyed)).toBe(2);
    });

    test('patch changes some values, replace all; both count versions and keep the id', async () => {
      const { store } = context;
      await store.use(keyed);
      const [made] = await store.create(keyed, row(1, 'a', 1, 't'));
      const id = made?.id ?? '';
      const patched = recordOf(await store.patch(keyed, id, { oil: '2.00' }));
      expect(patched).toMatchObject({ id, version: 2, createdAt: made?.createdAt, row: [1n, 'a', '2.00', 't'] });
      expect(patched.seq).toBeGreaterThan(made?.seq ?? 0);
      expect(Date.parse(patched.updatedAt)).toBeGreaterThanOrEqual(Date.parse(made?.updatedAt ?? ''));
      const [replaced] = await store.change({
        kind: 'replace',
        dataset: keyed,
        id,
        row: store.row(keyed, row(1, 'a')),
        ifVersion: 2,
      });
      expect(recordOf(replaced)).toMatchObject({ id, version: 3, row: [1n, 'a', null, null] });
      expect(await store.find(keyed, id)).toMatchObject({ version: 3, data: row(1, 'a') });
      expect(await store.count(keyed)).toBe(1);
    });

    test('a change that changes nothing keeps version and number', async () => {
      const { store } = context;
      await store.use(keyed);
      const [made] = await store.create(keyed, row(1, 'a', 1));
      const head = store.engine.changes.head();
      expect(await store.patch(keyed, made?.id ?? '', { oil: '1.00' })).toMatchObject({
        kind: 'unchanged',
        record: made,
      });
      const [again] = await store.change(store.createChange(keyed, row(1, 'a', 1), { onConflict: 'update' }));
      expect(again).toMatchObject({ kind: 'unchanged', record: { id: made?.id, version: 1, seq: made?.seq } });
      expect(store.engine.changes.head()).toBe(head);
    });

    test('the key of a record cannot be changed', async () => {
      const { store } = context;
      await store.use(keyed);
      const [made] = await store.create(keyed, row(1, 'a'));
      await expect(store.patch(keyed, made?.id ?? '', { well: 'b' })).rejects.toMatchObject({ code: 'invalid_value' });
      expect(await store.patch(keyed, made?.id ?? '', { well: 'a' })).toMatchObject({ kind: 'unchanged' });
    });

    test('a change with a version is made at that version only', async () => {
      const { store } = context;
      await store.use(keyed);
      const [made] = await store.create(keyed, row(1, 'a'));
      const id = made?.id ?? '';
      await expect(store.patch(keyed, id, { oil: '1.00' }, 2)).rejects.toMatchObject({ code: 'version_moved' });
      await store.patch(keyed, id, { oil: '1.00' }, 1);
      await expect(store.delete(keyed, id, 1)).rejects.toMatchObject({ code: 'version_moved' });
      await store.delete(keyed, id, 2);
      await expect(store.delete(keyed, id)).rejects.toMatchObject({ code: 'unknown_record' });
      await expect(store.patch(keyed, id, {})).rejects.toMatchObject({ code: 'unknown_record' });
      expect(await store.find(keyed, id)).toBeNull();
    });

    test('a deleted key is free for a new record with a new id and version 1', async () => {
      const { store } = context;
      await store.use(keyed);
      const [first] = await store.create(keyed, row(1, 'a', 1, 't'));
      await store.delete(keyed, first?.id ?? '');
      const [second] = await store.create(keyed, row(1, 'a', 2, 't'));
      expect(second?.version).toBe(1);
      expect(second?.id).not.toBe(first?.id);
      const third = await store.change(
        { kind: 'delete', dataset: keyed, id: second?.id ?? '', ifVersion: null },
        store.createChange(keyed, row(1, 'a', 3, 't')),
      );
      expect(recordOf(third[1]).version).toBe(1);
      expect(await store.items(keyed)).toMatchObject([{ data: { oil: 3 } }]);
    });

    test('a unique value moves from one record to another', async () => {
      const { store } = context;
      await store.use(keyed);
      const [a, b] = await store.create(keyed, row(1, 'a', 1, 't'), row(2, 'a'));
      await expect(store.patch(keyed, b?.id ?? '', { tag: 't' })).rejects.toMatchObject({ code: 'key_exists' });
      await store.patch(keyed, a?.id ?? '', { tag: 'u' });
      await store.patch(keyed, b?.id ?? '', { tag: 't' });
      await expect(store.create(keyed, row(3, 'a', 1, 'u'))).rejects.toMatchObject({ code: 'key_exists' });
    });

    test('two records change a unique value with each other in one commit', async () => {
      const { store } = context;
      await store.use(keyed);
      const [a, b] = await store.create(keyed, row(1, 'a', 1, 't'), row(2, 'a', 1, 'u'));
      const tag = keyed.properties.findIndex(({ name }) => name === 'tag');
      const set = (record: typeof a, value: string): Change => {
        return {
          kind: 'patch',
          dataset: keyed,
          id: record?.id ?? '',
          values: new Map([[tag, value]]),
          ifVersion: null,
        };
      };
      await store.change(set(a, 'v'), set(b, 't'), set(a, 'u'));
      expect((await store.items(keyed, { sort: [{ field: 'field' }] })).map(({ data }) => data.tag)).toEqual([
        'u',
        't',
      ]);
      await expect(store.create(keyed, row(3, 'a', 1, 'u'))).rejects.toMatchObject({ code: 'key_exists' });
    });

    test('a record that is deleted and made again with its id in one commit begins anew', async () => {
      const { store } = context;
      await store.use(keyed);
      const [a] = await store.create(keyed, row(1, 'a', 1, 't'));
      const id = a?.id ?? '';
      const again = store.createChange(keyed, row(1, 'a', 2, 't'), { id });
      const [, made] = await store.change({ kind: 'delete', dataset: keyed, id, ifVersion: null }, again);
      const found = await store.find(keyed, id);
      expect(found).toMatchObject({ version: 1, created_at: found?.updated_at });
      expect(made).toMatchObject({ record: { createdAt: found?.created_at } });
      expect(found?.created_at).not.toBe(a?.createdAt);
      expect((await store.changes(keyed)).changes.map(({ op }) => op)).toEqual(['create', 'delete', 'create']);
    });

    test('one request may change several datasets, all or nothing', async () => {
      const { store } = context;
      await store.use(keyed);
      const other = await store.use(everyType('other'));
      const changes = (well: string): Change[] => [
        store.createChange(other, { int: 1 }),
        store.createChange(keyed, row(1, well)),
      ];
      await store.change(...changes('a'));
      await expect(store.change(...changes('a'))).rejects.toMatchObject({ code: 'key_exists' });
      expect(await store.count(other)).toBe(1);
    });

    test('delete by filter tells how many went, and only those', async () => {
      const { store } = context;
      await store.use(keyed);
      await store.create(keyed, row(1, 'a', 1), row(2, 'a', 2), row(3, 'a'), row(4, 'a', 4));
      const { filter } = store.query(keyed, { filters: [{ field: 'oil', operator: 'gte', value: 2 }] });
      expect(await store.change({ kind: 'delete-matching', dataset: keyed, filter })).toEqual([
        { kind: 'deleted', count: 2 },
      ]);
      expect((await store.items(keyed, { sort: [{ field: 'field' }] })).map((item) => item.data.field)).toEqual([1, 3]);
      await store.create(keyed, row(2, 'a'));
      expect(await store.change({ kind: 'delete-matching', dataset: keyed, filter: null })).toEqual([
        { kind: 'deleted', count: 3 },
      ]);
      expect(await store.change({ kind: 'delete-matching', dataset: keyed, filter: null })).toEqual([
        { kind: 'deleted', count: 0 },
      ]);
      expect(await store.count(keyed)).toBe(0);
    });

    test('a mark becomes durable with its request, or not at all', async () => {
      const { store } = context;
      const { writer } = store.engine;
      await store.use(keyed);
      expect(await writer.readMark('idempotency', 'k')).toBeNull();
      const create = store.createChange(keyed, row(1, 'a'));
      const marks = [
        { kind: 'idempotency', key: 'k', value: (results: readonly { kind: string }[]) => `made ${results[0]?.kind}` },
        { kind: 'cursor', key: 'k', value: 'other kind' },
      ];
      await writer.commit([{ changes: [create], marks, origin: ORIGIN }]);
      expect(await writer.readMark('idempotency', 'k')).toBe('made created');
      expect(await writer.readMark('cursor', 'k')).toBe('other kind');
      await writer.commit([
        { changes: [create], marks: [{ kind: 'idempotency', key: 'k2', value: 'no' }], origin: ORIGIN },
      ]);
      expect(await writer.readMark('idempotency', 'k2')).toBeNull();
      expect(await writer.readMarks('idempotency', ['k2', 'k', 'k3'])).toEqual(new Map([['k', 'made created']]));
      expect(await writer.readMarks('cursor', ['k', 'k'])).toEqual(new Map([['k', 'other kind']]));
      expect(await writer.readMarks('cursor', [])).toEqual(new Map());
      const texts = ['', '\'\\"', 'ß\n🜚', ...Array.from({ length: 300 }, (_, at) => String(at))];
      const many = texts.map((key) => ({ kind: 'many', key, value: `of ${key}` }));
      await writer.commit([request([], many)]);
      await writer.commit([request([], [...many.slice(0, 9), { kind: 'many', key: '', value: 'newer' }])]);
      const all = new Map<string, string>(many.map(({ key, value }) => [key, value]));
      expect(await writer.readMarks('many', texts)).toEqual(all.set('', 'newer'));
      await writer.commit([request([], [{ kind: 'cursor', key: 'k', value: 'newer' }])]);
      expect(await writer.readMark('cursor', 'k')).toBe('newer');
      await writer.forgetMarks('idempotency', '2000-01-01T00:00:00Z');
      expect(await writer.readMark('idempotency', 'k')).toBe('made created');
      await writer.forgetMarks('idempotency', '2999-01-01T00:00:00Z');
      expect(await writer.readMark('idempotency', 'k')).toBeNull();
      expect(await writer.readMark('cursor', 'k')).toBe('newer');
    });

    test('a request whose guard finds another mark fails, and its neighbours do not', async () => {
      const { store } = context;
      const { writer } = store.engine;
      await store.use(keyed);
      const moves = (k: number, from: string | null, to: string): WriteRequest => ({
        ...request([store.createChange(keyed, row(k, 'a'))], [{ kind: 'cursor', key: 'k', value: to }]),
        guards: [{ kind: 'cursor', key: 'k', value: from }],
      });
      const outcomes = await writer.commit([
        moves(1, null, 'one'),
        moves(2, null, 'two'),
        request([store.createChange(keyed, row(3, 'a'))]),
        moves(4, 'one', 'four'),
      ]);
      expect(outcomes.map((outcome) => (outcome.ok ? 'ok' : (outcome.error as DataForgeError).code))).toEqual([
        'ok',
        'version_moved',
        'ok',
        'ok',
      ]);
      expect(await writer.readMark('cursor', 'k')).toBe('four');
      expect((await store.items(keyed, { sort: [{ field: 'field' }] })).map(({ data }) => data.field)).toEqual([
        1, 3, 4,
      ]);
    });

    test('of many who move a mark on from the same value one succeeds', async () => {
      const { store } = context;
      const { writer } = store.engine;
      const attempts = Array.from({ length: 8 }, (_, at) =>
        writer.commit([
          {
            ...request([], [{ kind: 'turn', key: 'k', value: `taken by ${at}` }]),
            guards: [{ kind: 'turn', key: 'k', value: null }],
          },
        ]),
      );
      const outcomes = (await Promise.all(attempts)).flat();
      expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1);
      expect(await writer.readMark('turn', 'k')).toBe(`taken by ${outcomes.findIndex(({ ok }) => ok)}`);
    });
  });
}
