import { describe, expect, test } from 'vitest';
import { dataset, property } from '../../support/dataset-builders.ts';
import { ndjson } from '../../support/store-driver.ts';
import type { ContractContext } from './contract-context.ts';

/** An engine may know bounds of many rows together; they must not be believed where rows have gone or changed. */
export function describePagesAfterChanges(context: ContractContext): void {
  describe('sorted pages after rows have gone or changed', () => {
    const items = dataset('items', [property('n', 'BIGINT')]);
    const rows = 120_000;
    const mixed = Array.from({ length: 20 }, (_, at) => ({ n: at % 2 === 0 ? null : 1_000_000 + at }));
    const load = (from: number, count: number) =>
      context.store.load(items, ndjson(Array.from({ length: count }, (_, at) => ({ n: from + at }))), {
        pieces: 100_000,
      });
    const first = async (order: string) => {
      const page = await context.store.items(items, { sort: [{ field: 'n', order }], size: 1 });
      const text = await context.store.text(items, 'ndjson', { sort: [{ field: 'n', order }], limit: 1 });
      const streamed = text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line).data.n]));
      const paged = page.map(({ data }) => data.n);
      expect(streamed).toEqual(paged);
      return paged;
    };

    test('deleted', async () => {
      const { store } = context;
      await store.use(items);
      await store.create(items, ...mixed);
      await store.change({ kind: 'delete-matching', dataset: items, filter: null });
      await load(0, rows);
      expect(await first('desc')).toEqual([rows - 1]);
      expect(await first('asc')).toEqual([0]);
    });

    test('changed', async () => {
      const { store } = context;
      await store.use(items);
      const made = await store.create(items, ...mixed);
      await load(0, rows);
      for (const { id } of made) await store.patch(items, id, { n: 5n });
      expect(await first('desc')).toEqual([rows - 1]);
    });
  });
}
