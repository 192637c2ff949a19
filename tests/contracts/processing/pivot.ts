import { expect, it } from 'vitest';
import type { Processor } from '#application/ports/processor.ts';
import { compute, type Table } from '#tests/support/analysis-table.ts';

const SALES: Table = {
  shop: { type: 'VARCHAR', values: ['b', 'a', 'a', 'b', 'a', null] },
  year: { type: 'INTEGER', values: [2024, 2023, 2024, 2024, 2024, null] },
  amount: { type: 'DOUBLE', values: [1, 2, 4, 8, 16, 32] },
};

export function pivotContract(get: () => Processor): void {
  it('turns values into columns, in their order', async () => {
    const parameters = { rows: ['shop'], columns: 'year', measure: { function: 'sum', column: 'amount' } };
    expect(await compute(get(), { operation: 'pivot', parameters, table: SALES })).toEqual([
      { shop: 'a', 2023: 2, 2024: 20, null: null },
      { shop: 'b', 2023: null, 2024: 9, null: null },
      { shop: null, 2023: null, 2024: null, null: 32 },
    ]);
  });

  it('counts 0 where no row falls, and tells apart names that are taken', async () => {
    const table: Table = {
      a: { type: 'VARCHAR', values: ['x', 'y'] },
      b: { type: 'VARCHAR', values: ['a', 'A'] },
    };
    const parameters = { rows: ['a'], columns: 'b', measure: { function: 'count' } };
    expect(await compute(get(), { operation: 'pivot', parameters, table })).toEqual([
      { a: 'x', A: 0n, a_2: 1n },
      { a: 'y', A: 1n, a_2: 0n },
    ]);
  });

  it('refuses more columns than a table may have', async () => {
    const values = Array.from({ length: 501 }, (_, index) => index);
    const table: Table = { row: { type: 'INTEGER', values: values.map(() => 1) }, v: { type: 'INTEGER', values } };
    const parameters = { rows: ['row'], columns: 'v', measure: { function: 'count' } };
    await expect(compute(get(), { operation: 'pivot', parameters, table })).rejects.toMatchObject({
      code: 'too_large',
    });
  });

  it('has no rows of no rows', async () => {
    const table: Table = { a: { type: 'VARCHAR', values: [] }, b: { type: 'VARCHAR', values: [] } };
    const parameters = { rows: ['a'], columns: 'b', measure: { function: 'count' } };
    expect(await compute(get(), { operation: 'pivot', parameters, table })).toEqual([]);
  });
}
