import { expect, it } from 'vitest';
import type { Processor } from '#application/ports/processor.ts';
import { compute, doubles } from '#tests/support/analysis-table.ts';
import { expectClose } from './support.ts';

/** Of these eleven the mean is 14, the sd √821, the quartiles (type 7) 3.5 and 8.5, the median 6, the MAD 3. */
const VALUES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 100];

export function outliersContract(get: () => Processor): void {
  const found = (parameters: Readonly<Record<string, unknown>>) =>
    compute(get(), { operation: 'outliers', parameters, table: doubles({ v: VALUES, same: VALUES.map(() => 1) }) });

  it('judges by the median absolute deviation', async () => {
    const rows = await found({});
    expect(rows.map(({ column, value }) => [column, value])).toEqual([['v', 100]]);
    expectClose(rows[0]?.score, (0.6745 * 94) / 3, 1e-12, 'score');
    expectClose(rows[0]?.lower, 6 - (3.5 * 3) / 0.6745, 1e-12, 'lower');
    expectClose(rows[0]?.upper, 6 + (3.5 * 3) / 0.6745, 1e-12, 'upper');
  });

  it('judges by interquartile ranges from the nearer quartile', async () => {
    const rows = await found({ method: 'iqr', threshold: 0.4 });
    expect(rows.map(({ value }) => value)).toEqual([100, 1]);
    expectClose(rows[0]?.score, 91.5 / 5, 1e-14, 'score');
    expectClose(rows[1]?.score, -0.5, 1e-14, 'score');
    expect([rows[0]?.lower, rows[0]?.upper]).toEqual([1.5, 10.5]);
  });

  it('judges by standard deviations', async () => {
    expect(await found({ method: 'z', threshold: 3.1 })).toEqual([]);
    const [row] = await found({ method: 'z' });
    const sd = Math.sqrt(VALUES.reduce((sum, value) => sum + (value - 14) ** 2, 0) / 10);
    expectClose(row?.score, 86 / sd, 1e-13, 'score');
    expectClose(row?.upper, 14 + 3 * sd, 1e-13, 'upper');
  });

  it('shows what is asked for of each row, and none of a column without spread', async () => {
    const table = { ...doubles({ v: [...VALUES, null] }), name: { type: 'VARCHAR', values: 'abcdefghijk-'.split('') } };
    const rows = await compute(get(), { operation: 'outliers', parameters: { columns: ['v'], keep: ['name'] }, table });
    expect(rows.map(({ name, value }) => [name, value])).toEqual([['k', 100]]);
    const same = doubles({ v: [1, 1, 1], none: [null, null, null] });
    expect(await compute(get(), { operation: 'outliers', parameters: {}, table: same })).toEqual([]);
  });
}
