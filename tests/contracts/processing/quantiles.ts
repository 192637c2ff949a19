import { expect, it } from 'vitest';
import type { Processor } from '#application/ports/processor.ts';
import { compute, doubles } from '#tests/support/analysis-table.ts';

export function quantilesContract(get: () => Processor): void {
  it('interpolates as type 7 does', async () => {
    // Of 1 … 10: h = 9p + 1, so that p = 0.25 falls at 3.25, p = 0.9 at 9.1.
    const table = doubles({ v: [7, 3, 10, 1, 9, 2, 8, 4, 6, 5, null] });
    const parameters = { columns: ['v'], probabilities: [0, 0.25, 0.5, 0.9, 1] };
    const rows = await compute(get(), { operation: 'quantiles', parameters, table });
    expect(rows.map(({ column, probability }) => [column, probability])).toEqual(
      parameters.probabilities.map((probability) => ['v', probability]),
    );
    const values = rows.map(({ value }) => Number(Number(value).toFixed(12)));
    expect(values).toEqual([1, 3.25, 5.5, 9.1, 10]);
  });

  it('tells of every column of numbers where none is named, and nothing of no values', async () => {
    const table = { ...doubles({ a: [null, null], b: [1, 2] }), c: { type: 'VARCHAR', values: ['x', 'y'] } };
    const rows = await compute(get(), { operation: 'quantiles', parameters: { probabilities: [0.5] }, table });
    expect(rows).toEqual([
      { column: 'a', probability: 0.5, value: null },
      { column: 'b', probability: 0.5, value: 1.5 },
    ]);
  });
}
