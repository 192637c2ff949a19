import { expect, it } from 'vitest';
import type { Processor } from '#application/ports/processor.ts';
import type { Value } from '#domain/record/value.ts';
import { compute, type Table } from '#tests/support/analysis-table.ts';
import { expectClose } from './support.ts';

/** Of the NIST/SEMATECH e-Handbook of Statistical Methods, 6.4.3.1 (level alone) and 6.4.3.3 (with a trend). */
const NIST_LEVEL = [71, 70, 69, 68, 64, 65, 72, 78, 75, 75, 75, 70];
const NIST_TREND = [6.4, 5.6, 7.8, 8.8, 11, 11.6, 16.7, 15.3, 21.6, 22.4];

/** Airline passengers in thousands, from January 1949: G. Box & G. Jenkins, Time Series Analysis, 1976, series G. */
const PASSENGERS = [
  112, 118, 132, 129, 121, 135, 148, 148, 136, 119, 104, 118, 115, 126, 141, 135, 125, 149, 170, 170, 158, 133, 114,
  140, 145, 150, 178, 163, 172, 178, 199, 199, 184, 162, 146, 166,
];

/** Values of one month after another. */
function monthly(values: readonly (number | null)[]): Table {
  const months = values.map((_, index) => new Date(Date.UTC(1949, index, 3)).toISOString().slice(0, 10));
  return { month: { type: 'DATE', values: months }, v: { type: 'DOUBLE', values } };
}

export function forecastContract(get: () => Processor): void {
  const ahead = (values: readonly (number | null)[], parameters: Readonly<Record<string, unknown>>) => {
    const series = { time: 'month', every: 'month', measure: { function: 'sum', column: 'v', as: 'v' }, horizon: 1 };
    return compute(get(), { operation: 'forecast', parameters: { ...series, ...parameters }, table: monthly(values) });
  };
  const rounded = (rows: readonly Record<string, Value>[], places: number) =>
    rows.map(({ fitted }) => (fitted === null ? null : Number(Number(fitted).toFixed(places))));

  it('smooths a level as the handbook of NIST does', async () => {
    const rows = await ahead(NIST_LEVEL, { trend: false, alpha: 0.1 });
    expect(rounded(rows.slice(0, 12), 2)).toEqual([
      null,
      71,
      70.9,
      70.71,
      70.44,
      69.8,
      69.32,
      69.58,
      70.43,
      70.88,
      71.29,
      71.67,
    ]);
    expectClose(rows[12]?.fitted, 71.49875446519, 1e-13, 'forecast');
    expectClose(rows[0]?.rmse, 4.357004910649345, 1e-13, 'rmse');
    expect(rows[12]).toMatchObject({
      month: '1950-01-01T00:00:00Z',
      v: null,
      is_forecast: true,
      beta: null,
      gamma: null,
    });
  });

  it('smooths a trend as the handbook of NIST does', async () => {
    const rows = await ahead(NIST_TREND, { alpha: 0.3623, beta: 1 });
    expect(rounded(rows.slice(0, 10), 1)).toEqual([null, 7.2, 6.8, 7.8, 9.1, 11.4, 13.2, 17.4, 18.9, 23.1]);
    expectClose(rows[10]?.fitted, 25.771895748992588, 1e-13, 'forecast');
  });

  it.for([
    {
      seasonal: 'additive',
      first: 112.20833333333333,
      last: 173.43602979505232,
      next: 161.9252457540088,
      far: 186.6842609306618,
      rmse: 7.735949685169246,
    },
    {
      seasonal: 'multiplicative',
      first: 114.0846443410894,
      last: 173.4563316570311,
      next: 159.0951622365343,
      far: 185.41913966029654,
      rmse: 8.063860327427726,
    },
  ])(
    'smooths a season that is $seasonal, to values computed with exact fractions',
    async ({ seasonal, ...expected }) => {
      const weights = { alpha: 0.3, beta: 0.1, gamma: 0.4 };
      const rows = await ahead(PASSENGERS, { season: 12, seasonal, horizon: 14, ...weights });
      expect(rows).toHaveLength(50);
      expect(rows[11]?.fitted).toBeNull();
      expectClose(rows[12]?.fitted, expected.first, 1e-12, 'first');
      expectClose(rows[35]?.fitted, expected.last, 1e-12, 'last');
      expectClose(rows[36]?.fitted, expected.next, 1e-12, 'next');
      expectClose(rows[49]?.fitted, expected.far, 1e-12, 'far');
      expectClose(rows[0]?.rmse, expected.rmse, 1e-12, 'rmse');
      expect(rows[49]?.month).toBe('1953-02-01T00:00:00Z');
    },
  );

  it('finds weights that none near them beats', async () => {
    const [found] = await ahead(PASSENGERS, { season: 12 });
    const { alpha, beta, gamma, rmse } = found as Record<string, number>;
    for (const move of [-0.01, 0.01]) {
      for (const name of ['alpha', 'beta', 'gamma']) {
        const weights: Record<string, unknown> = { alpha, beta, gamma };
        const moved = Number(weights[name]) + move;
        if (moved < 0 || moved > 1) continue;
        const [other] = await ahead(PASSENGERS, { season: 12, ...weights, [name]: moved });
        expect(Number(other?.rmse)).toBeGreaterThanOrEqual(Number(rmse));
      }
    }
  });

  it('draws a line over gaps, and passes over what has no value at either end', async () => {
    const whole = await ahead([1, 2, 3, 4, 5], { alpha: 0.5, beta: 0.5 });
    const gaps = await ahead([1, null, 3, null, 5, null], { alpha: 0.5, beta: 0.5 });
    expect(gaps.map(({ fitted }) => fitted)).toEqual(whole.map(({ fitted }) => fitted));
    expect(gaps.map(({ v }) => v)).toEqual([1, null, 3, null, 5, null]);
    expectClose(gaps[5]?.fitted, 6, 1e-14, 'forecast');
  });

  it('refuses series that are too short, or that the model cannot have', async () => {
    await expect(ahead([1, 2], {})).rejects.toMatchObject({
      code: 'invalid_value',
      message:
        'The series has 2 values by month and needs at least 3; take a shorter part of time, or a simpler model.',
    });
    const season = { season: 2, seasonal: 'multiplicative' };
    await expect(ahead([1, 2, 0, 4], season)).rejects.toMatchObject({ code: 'invalid_value' });
    await expect(ahead([], {})).rejects.toMatchObject({ code: 'invalid_value' });
    await expect(ahead([1, 2, 3], { gamma: 0.1 })).rejects.toMatchObject({ code: 'invalid_parameter' });
  });
}
