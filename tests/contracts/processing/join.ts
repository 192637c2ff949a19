import { expect, it } from 'vitest';
import type { Processor } from '#application/ports/processor.ts';
import { compute, type Table } from '#tests/support/analysis-table.ts';

const ORDERS: Table = {
  item: { type: 'VARCHAR', values: ['pen', 'ink', 'pen', null, 'cup'] },
  count: { type: 'INTEGER', values: [1, 2, 3, 4, 5] },
};
const ITEMS: Table = {
  item: { type: 'VARCHAR', values: ['ink', 'pen', null, 'ink'] },
  price: { type: 'DECIMAL(6,2)', values: ['9.50', '1.25', '0.00', '8.00'] },
};

export function joinContract(get: () => Processor): void {
  const joined = async (parameters: Readonly<Record<string, unknown>>) => {
    const asked = { with: 'items', on: [{ left: 'item', right: 'item' }], ...parameters };
    return compute(get(), { operation: 'join', parameters: asked, table: ORDERS, other: ITEMS });
  };

  it('puts rows together where columns are equal, null equal to nothing', async () => {
    expect(await joined({})).toEqual([
      { item: 'pen', count: 1, item_2: 'pen', price: '1.25' },
      { item: 'ink', count: 2, item_2: 'ink', price: '9.50' },
      { item: 'ink', count: 2, item_2: 'ink', price: '8.00' },
      { item: 'pen', count: 3, item_2: 'pen', price: '1.25' },
    ]);
  });

  it('keeps rows without a partner where that is asked for', async () => {
    expect(await joined({ how: 'left', columns: ['count'], other_columns: ['price'] })).toEqual([
      { count: 1, price: '1.25' },
      { count: 2, price: '9.50' },
      { count: 2, price: '8.00' },
      { count: 3, price: '1.25' },
      { count: 4, price: null },
      { count: 5, price: null },
    ]);
  });

  it('joins on several columns, numbers of any type among them, and stops at the limit', async () => {
    const table: Table = {
      a: { type: 'INTEGER', values: [1, 1, 2] },
      b: { type: 'DATE', values: ['2024-01-01', '2024-01-02', '2024-01-01'] },
    };
    const other: Table = {
      a: { type: 'BIGINT', values: [1n, 2n, 1n] },
      b: { type: 'DATE', values: ['2024-01-01', '2024-01-01', '2024-01-01'] },
      c: { type: 'VARCHAR', values: ['x', 'y', 'z'] },
    };
    const on = [
      { left: 'a', right: 'a' },
      { left: 'b', right: 'b' },
    ];
    const parameters = { with: 'o', on, columns: ['a'], other_columns: ['c'], limit: 2 };
    expect(await compute(get(), { operation: 'join', parameters, table, other })).toEqual([
      { a: 1, c: 'x' },
      { a: 1, c: 'z' },
    ]);
  });

  it('refuses columns that are never equal', async () => {
    await expect(joined({ on: [{ left: 'item', right: 'price' }] })).rejects.toMatchObject({
      code: 'invalid_parameter',
      message: 'item is VARCHAR and price is DECIMAL(6,2), which are never equal.',
    });
  });
}
