import { describe, expect, test } from 'vitest';
import { dataset, property } from '../../support/dataset-builders.ts';
import { ndjson } from '../../support/store-driver.ts';
import type { ContractContext } from './contract-context.ts';

export function describeChangeLog(context: ContractContext): void {
  describe('the changes feed', () => {
    test('is refused from before what was forgotten, and whole from there on', async () => {
      const { store } = context;
      await store.use(items);
      const [one, two] = await store.create(items, { a: 1 }, { a: 2 });
      await store.patch(items, one?.id ?? '', { a: 10 });
      await store.delete(items, two?.id ?? '');
      const { changes } = await store.changes(items);
      await store.engine.maintenance.trimHistory('9999-12-31T00:00:00Z');
      await expect(store.changes(items, 0)).rejects.toMatchObject({
        code: 'history_trimmed',
        details: { from: changes.at(-1)?.seq },
      });
      const [three] = await store.create(items, { a: 3 });
      const after = await store.changes(items, changes.at(-1)?.seq);
      expect(after.changes.map(({ id }) => id)).toEqual([three?.id]);
      expect(await store.items(items)).toHaveLength(2);
    });

    test('forgets of one dataset alone where one is named', async () => {
      const { store } = context;
      const others = dataset('others', [property('a', 'INTEGER')]);
      await store.use(items);
      await store.use(others);
      for (const each of [items, others]) {
        const [made] = await store.create(each, { a: 1 });
        await store.patch(each, made?.id ?? '', { a: 2 });
      }
      await store.engine.maintenance.trimHistory('9999-12-31T00:00:00Z', 'others');
      expect((await store.changes(items, 0)).changes).toHaveLength(2);
      await expect(store.changes(others, 0)).rejects.toMatchObject({ code: 'history_trimmed' });
    });

    const items = dataset('items', [property('a', 'INTEGER'), property('b', 'VARCHAR')]);

    test('tells every version of every record once, in order', async () => {
      const { store } = context;
      await store.use(items);
      const [one, two] = await store.create(items, { a: 1 }, { a: 2, b: 'x' });
      await store.patch(items, one?.id ?? '', { a: 10 });
      await store.delete(items, two?.id ?? '');
      await store.patch(items, one?.id ?? '', { a: 11 });
      const { changes, next, hasMore } = await store.changes(items);
      expect(changes.map(({ op, id, version, data }) => [op, id, version, data])).toEqual([
        ['create', one?.id, 1, { a: 1, b: null }],
        ['create', two?.id, 1, { a: 2, b: 'x' }],
        ['update', one?.id, 2, { a: 10, b: null }],
        ['delete', two?.id, 2, null],
        ['update', one?.id, 3, { a: 11, b: null }],
      ]);
      const numbers = changes.map(({ seq }) => seq);
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
      expect(new Set(numbers).size).toBe(5);
      expect([next, hasMore]).toEqual([store.engine.changes.head(), false]);
      for (const { changed_at: at } of changes) expect(at).toMatch(/^\d{4}-.*Z$/);
      expect(Object.keys(changes[0])).toEqual(['seq', 'op', 'id', 'version', 'changed_at', 'data']);
    });

    test('brings the record before and after each change where asked', async () => {
      const { store } = context;
      await store.use(items);
      const [one, two] = await store.create(items, { a: 1 }, { a: 2 });
      await store.patch(items, one?.id ?? '', { a: 10 });
      await store.delete(items, two?.id ?? '');
      await store.patch(items, one?.id ?? '', { a: 11 });
      const { signal } = new AbortController();
      const read = { dataset: items, since: 0, limit: 3, latest: false, images: true, signal };
      const first = await store.engine.changes.read(read);
      const rest = await store.engine.changes.read({ ...read, since: first.next });
      const sides = [...first.changes, ...rest.changes].map(({ images }) => [
        images?.before?.row[0] ?? null,
        images?.after?.row[0] ?? null,
      ]);
      expect(sides).toEqual([
        [null, 1],
        [null, 2],
        [1, 10],
        [2, null],
        [10, 11],
      ]);
    });

    test('is read in steps from where the last one ended', async () => {
      const { store } = context;
      await store.use(items);
      await store.load(items, ndjson(Array.from({ length: 10 }, (_, a) => ({ a }))));
      await store.load(items, ndjson([{ a: 10 }, { a: 11 }]));
      const seen: number[] = [];
      let since = 0;
      for (;;) {
        const { changes, next, hasMore } = await store.changes(items, since, { limit: 5 });
        seen.push(...changes.map(({ data }) => data.a));
        expect(changes.length).toBe(hasMore ? 5 : 2);
        since = next;
        if (!hasMore) break;
      }
      expect(seen).toEqual(Array.from({ length: 12 }, (_, a) => a));
      expect(await store.changes(items, since)).toEqual({ changes: [], next: since, hasMore: false });
    });

    test('latest tells only the newest of each record', async () => {
      const { store } = context;
      await store.use(items);
      const [one, two, three] = await store.create(items, { a: 1 }, { a: 2 }, { a: 3 });
      await store.patch(items, one?.id ?? '', { a: 10 });
      await store.patch(items, one?.id ?? '', { a: 11 });
      await store.delete(items, two?.id ?? '');
      const { changes } = await store.changes(items, 0, { latest: true });
      expect(changes.map(({ op, id, version }) => [op, id, version])).toEqual([
        ['create', three?.id, 1],
        ['update', one?.id, 3],
        ['delete', two?.id, 2],
      ]);
      const first = await store.changes(items, 0, { latest: true, limit: 2 });
      expect(first.changes.map(({ id }) => id)).toEqual([three?.id, one?.id]);
      expect(first.hasMore).toBe(true);
      const rest = await store.changes(items, first.next, { latest: true, limit: 2 });
      expect(rest.changes.map(({ id }) => id)).toEqual([two?.id]);
    });

    test('one dataset hears nothing of another, but all share one counter', async () => {
      const { store } = context;
      await store.use(items);
      const other = await store.use(dataset('other', items.properties));
      await store.create(items, { a: 1 });
      await store.create(other, { a: 2 });
      await store.create(items, { a: 3 });
      const here = (await store.changes(items)).changes;
      const there = (await store.changes(other)).changes;
      expect(here.map(({ data }) => data.a)).toEqual([1, 3]);
      expect([here[0].seq, there[0].seq, here[1].seq]).toEqual([here[0].seq, here[0].seq + 1, here[0].seq + 2]);
      expect((await store.changes(other, there[0].seq)).next).toBe(store.engine.changes.head());
    });

    test('rows deleted by a filter are told one by one', async () => {
      const { store } = context;
      await store.use(items);
      await store.create(items, { a: 1 }, { a: 2 }, { a: 3 });
      const head = store.engine.changes.head();
      await store.change({ kind: 'delete-matching', dataset: items, filter: null });
      const { changes } = await store.changes(items, head);
      expect(changes.map(({ op, seq }) => [op, seq - head])).toEqual([
        ['delete', 1],
        ['delete', 2],
        ['delete', 3],
      ]);
    });

    test('subscribers hear of each commit with its head, until they stop', async () => {
      const { store } = context;
      await store.use(items);
      const heard: [number, string[]][] = [];
      const stop = store.engine.changes.subscribe((head, datasets) => heard.push([head, [...datasets]]));
      await store.create(items, { a: 1 }, { a: 2 });
      await store.load(items, '{"a":3}');
      await expect(store.delete(items, '01890a6c-1b7e-7cc3-9d2f-5e8f3c1a2b4d')).rejects.toThrow();
      stop();
      await store.create(items, { a: 4 });
      const head = store.engine.changes.head();
      expect(heard).toEqual([
        [head - 2, ['items']],
        [head - 1, ['items']],
      ]);
    });
  });
}
