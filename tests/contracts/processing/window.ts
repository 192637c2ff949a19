import { expect, it } from 'vitest';
import type { Processor } from '#application/ports/processor.ts';
import { compute, type Table } from '#tests/support/analysis-table.ts';
import { expectClose } from './support.ts';

const PRICES: Table = {
  day: { type: 'DATE', values: ['2024-01-03', '2024-01-01', '2024-01-02', '2024-01-04', null] },
  stock: { type: 'VARCHAR', values: ['x', 'x', 'y', 'x', 'y'] },
  price: { type: 'DOUBLE', values: [4, 1, 2, null, 16] },
};

export function windowContract(get: () => Processor): void {
  const figures = (names: readonly string[]) => names.map((name) => ({ function: name, column: 'price', as: name }));

  it('rolls over the last rows, nulls counting for nothing', async () => {
    const parameters = { order_by: 'day', rows: 2, measures: figures(['count', 'sum', 'mean', 'min', 'max']) };
    const rows = await compute(get(), { operation: 'window', parameters, table: PRICES });
    expect(rows.map(({ day, count, sum, mean, min, max }) => [day, Number(count), sum, mean, min, max])).toEqual([
      ['2024-01-01', 1, 1, 1, 1, 1],
      ['2024-01-02', 2, 3, 1.5, 1, 2],
      ['2024-01-03', 2, 6, 3, 2, 4],
      ['2024-01-04', 1, 4, 4, 4, 4],
      [null, 1, 16, 16, 16, 16],
    ]);
  });

  it('gathers from the first row on, each key for itself', async () => {
    const parameters = { order_by: 'day', by: ['stock'], measures: figures(['sum', 'sd']), keep: ['price'] };
    const rows = await compute(get(), { operation: 'window', parameters, table: PRICES });
    expect(rows.map(({ stock, day, price, sum }) => [stock, day, price, sum])).toEqual([
      ['x', '2024-01-01', 1, 1],
      ['x', '2024-01-03', 4, 5],
      ['x', '2024-01-04', null, 5],
      ['y', '2024-01-02', 2, 2],
      ['y', null, 16, 18],
    ]);
    expect(rows[0]?.sd).toBeNull();
    expectClose(rows[1]?.sd, Math.sqrt(4.5), 1e-14, 'sd');
    expectClose(rows[4]?.sd, Math.sqrt(98), 1e-14, 'sd');
  });

  it('keeps the order in which equal rows came', async () => {
    const table: Table = {
      at: { type: 'INTEGER', values: [1, 1, 1, 0] },
      price: { type: 'DOUBLE', values: [1, 2, 4, 8] },
    };
    const parameters = { order_by: 'at', measures: figures(['sum']) };
    const rows = await compute(get(), { operation: 'window', parameters, table });
    expect(rows.map(({ sum }) => sum)).toEqual([8, 9, 11, 15]);
  });
}
