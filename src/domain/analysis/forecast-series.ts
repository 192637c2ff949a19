import { DataForgeError } from '../errors.ts';
import type { Row, Value } from '../record/value.ts';
import type { ParametersOf } from './analysis.ts';
import { leastValues, type Smoothing } from './exponential-smoothing.ts';

/** A series that is ready to be smoothed. */
export interface Series {
  /** The bucket of each value and of each step ahead, canonical timestamps. */
  readonly times: readonly Value[];
  /** As they are, null where there is none. */
  readonly given: readonly (number | null)[];
  /** Without gaps: what is missing lies on the line between its neighbours. */
  readonly values: Float64Array;
  readonly horizon: number;
}

/**
 * Makes a series of the buckets from the first to the last and of those beyond, each with its value. Buckets without a value
 * at either end are passed over.
 * @throws DataForgeError `invalid_value` where there are too few values, or some that the model cannot have
 */
export function seriesOf(
  buckets: readonly (readonly [time: Value, value: number | null, isBeyond: boolean])[],
  parameters: ParametersOf<'forecast'>,
): Series {
  const past = buckets.filter(([, , isBeyond]) => !isBeyond);
  const first = past.findIndex(([, value]) => value !== null);
  const last = past.findLastIndex(([, value]) => value !== null);
  const known = first < 0 ? [] : past.slice(first, last + 1);
  const values = withoutGaps(known.map(([, value]) => value));
  const least = leastValues(parameters);
  if (values.length < least) {
    const said = values.length === 1 ? '1 value' : `${values.length} values`;
    throw new DataForgeError(
      'invalid_value',
      `The series has ${said} by ${parameters.every} and needs at least ${least}; take a shorter part of time, or a simpler model.`,
    );
  }
  if (parameters.season !== null && parameters.seasonal === 'multiplicative' && values.some((value) => value <= 0)) {
    throw new DataForgeError(
      'invalid_value',
      'A multiplicative season needs values above 0, and the series has others; take seasonal "additive".',
    );
  }
  const ahead = buckets.slice(first + known.length, first + known.length + parameters.horizon);
  return {
    times: [...known, ...ahead].map(([time]) => time),
    given: known.map(([, value]) => value),
    values,
    horizon: ahead.length,
  };
}

function withoutGaps(values: readonly (number | null)[]): Float64Array {
  const filled = Float64Array.from(values, (value) => value ?? Number.NaN);
  let before = 0;
  for (let at = 1; at < filled.length; at++) {
    if (Number.isNaN(filled[at])) continue;
    const [from = 0, to = 0] = [filled[before], filled[at]];
    for (let gap = before + 1; gap < at; gap++) filled[gap] = from + ((to - from) * (gap - before)) / (at - before);
    before = at;
  }
  return filled;
}

/** The result of `forecast`. */
export function forecastRows({ times, given }: Series, smoothing: Smoothing): Row[] {
  const { fitted, forecast, alpha, beta, gamma, rmse } = smoothing;
  return times.map((time, at) => {
    const isForecast = at >= given.length;
    const expected = isForecast ? forecast[at - given.length] : fitted[at];
    const shown = expected === undefined || !Number.isFinite(expected) ? null : expected;
    return [time, given[at] ?? null, shown, isForecast, alpha, beta, gamma, rmse];
  });
}
