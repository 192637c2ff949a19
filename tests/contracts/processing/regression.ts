import { expect, it } from 'vitest';
import type { Processor } from '#application/ports/processor.ts';
import { compute, doubles } from '#tests/support/analysis-table.ts';
import { ANSCOMBE } from './anscombe.ts';
import { CERTIFIED_MODELS } from './nist-regression.ts';
import { expectClose } from './support.ts';

export function regressionContract(get: () => Processor): void {
  it.for(CERTIFIED_MODELS)('fits $name of NIST StRD to its certified values', async (model) => {
    const { y, x, intercept, estimates, standardErrors, residualSd, rSquared, tolerance } = model;
    const names = x.map((_, index) => `x${index + 1}`);
    const table = doubles({ y, ...Object.fromEntries(x.map((values, index) => [`x${index + 1}`, values])) });
    const parameters = { y: 'y', x: names, intercept };
    const rows = await compute(get(), { operation: 'regression', parameters, table });
    expect(rows.map(({ term }) => term)).toEqual(intercept ? ['(intercept)', ...names] : names);
    rows.forEach((row, index) => {
      const about = `${model.name}, ${String(row.term)}`;
      expectClose(row.estimate, estimates[index] ?? Number.NaN, tolerance, about);
      expectClose(row.standard_error, standardErrors[index] ?? Number.NaN, tolerance, `${about}, standard error`);
      expectClose(row.residual_sd, residualSd, tolerance, `${about}, residual sd`);
      expectClose(row.r_squared, rSquared, tolerance, `${about}, R²`);
      expect(row.rows).toBe(BigInt(y.length));
      expect(row.degrees_of_freedom).toBe(BigInt(y.length - estimates.length));
    });
  });

  it("draws the same line through all of Anscombe's samples but for their third digit", async () => {
    for (const { x, y, intercept, slope } of ANSCOMBE) {
      const rows = await compute(get(), {
        operation: 'regression',
        parameters: { y: 'y', x: ['x'] },
        table: doubles({ x, y }),
      });
      expectClose(rows[0]?.estimate, intercept, 1e-13, 'intercept');
      expectClose(rows[1]?.estimate, slope, 1e-13, 'slope');
    }
  });

  it('passes over rows without a value, and says which term the rows do not determine', async () => {
    const table = doubles({ y: [1, 3, 5, null, 9], x: [0, 1, 2, 3, null], twice: [0, 2, 4, 6, 8] });
    const rows = await compute(get(), { operation: 'regression', parameters: { y: 'y', x: ['x', 'twice'] }, table });
    expect(rows.map(({ term, rows: count }) => [term, count])).toEqual([
      ['(intercept)', 3n],
      ['x', 3n],
      ['twice', 3n],
    ]);
    expectClose(rows[0]?.estimate, 1, 1e-14, 'intercept');
    expectClose(rows[1]?.estimate, 2, 1e-14, 'x');
    expect(rows[2]?.estimate).toBeNull();
  });

  it('says nothing of no rows', async () => {
    const table = doubles({ y: [], x: [] });
    const rows = await compute(get(), { operation: 'regression', parameters: { y: 'y', x: ['x'] }, table });
    expect(rows.map(({ estimate, rows: count }) => [estimate, count])).toEqual([
      [null, 0n],
      [null, 0n],
    ]);
  });
}
