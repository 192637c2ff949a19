import { expect, it } from 'vitest';
import type { Processor } from '#application/ports/processor.ts';
import { compute, type Table } from '#tests/support/analysis-table.ts';

const VISITS: Table = {
  name: { type: 'VARCHAR', values: ['ann', 'bob', 'ann', null, 'bob', null] },
  at: { type: 'INTEGER', values: [3, 1, 2, 5, null, 4] },
  page: { type: 'JSON', values: ['1', '2', '3', '4', '5', '6'] },
};

export function deduplicateContract(get: () => Processor): void {
  const kept = async (parameters: Readonly<Record<string, unknown>>) => {
    const rows = await compute(get(), { operation: 'deduplicate', parameters, table: VISITS });
    return rows.map(({ page }) => Number(page));
  };

  it('keeps the first or the last in the order they came in', async () => {
    expect(await kept({ on: ['name'] })).toEqual([1, 2, 4]);
    expect(await kept({ on: ['name'], keep: 'last' })).toEqual([3, 5, 6]);
  });

  it('keeps the first or the last in an order, nulls last, and answers in that order', async () => {
    expect(await kept({ on: ['name'], order_by: 'at' })).toEqual([2, 3, 6]);
    expect(await kept({ on: ['name'], order_by: 'at', keep: 'last' })).toEqual([1, 4, 5]);
  });

  it('compares all columns but JSON where none is named, and shows those that are', async () => {
    const table: Table = {
      a: { type: 'INTEGER', values: [1, 1, 2, null, null] },
      b: { type: 'VARCHAR', values: ['x', 'x', 'x', null, null] },
    };
    const parameters = { columns: ['a'] };
    expect(await compute(get(), { operation: 'deduplicate', parameters, table })).toEqual([
      { a: 1 },
      { a: 2 },
      { a: null },
    ]);
  });
}
