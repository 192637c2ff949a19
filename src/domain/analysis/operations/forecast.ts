import { TIME_BUCKETS } from '../../query/aggregation.ts';
import { checkBucket } from '../buckets.ts';
import { BOOLEAN, column, DOUBLE, TIMESTAMP } from '../column.ts';
import { columnName } from '../column-parameters.ts';
import { measuredColumns, oneMeasure } from '../measures.ts';
import { defineOperation } from '../operation.ts';
import { flag, integer, number, oneOf, optional } from '../parameter.ts';

const WEIGHT = { least: 0, most: 1 };

/**
 * Exponential smoothing of a measure gathered by time: of its level alone, with a trend (C. C. Holt, 1957, reprinted in
 * International Journal of Forecasting 20, 2004), and with a season (P. R. Winters, "Forecasting Sales by Exponentially
 * Weighted Moving Averages", Management Science 6(3), 1960). The recurrences and where they begin stand in
 * `exponential-smoothing.ts`. A weight that is left out is the one with the least sum of squared one-step errors.
 * Buckets without a value get the point on the line between their neighbours. `fitted` is the forecast from the
 * bucket before, and beyond the last value the forecast itself.
 */
export const forecast = defineOperation({
  description: 'What a measure may be in times to come, by exponential smoothing (Holt-Winters).',
  parameters: {
    time: columnName('time', 'The date or timestamp.'),
    every: oneOf(TIME_BUCKETS, 'The part of time that makes a bucket.'),
    measure: oneMeasure,
    horizon: integer('Buckets to look ahead.', { least: 1, most: 10_000 }),
    trend: flag('Whether the level may rise or fall.', true),
    season: optional(integer('Buckets of a season; none where it is left out.', { least: 2, most: 10_000 })),
    seasonal: oneOf(['additive', 'multiplicative'], 'How the season acts on the level.', 'additive'),
    alpha: optional(number('Weight of the newest value in the level.', WEIGHT)),
    beta: optional(number('Weight of the newest change in the trend.', WEIGHT)),
    gamma: optional(number('Weight of the newest season.', WEIGHT)),
  },
  reads: ({ time, measure }) => [time, ...measuredColumns([measure])],
  check: ({ time, every, measure, trend, season, beta, gamma }, { columns }, faults) => {
    checkBucket(time, every, columns, faults, '/parameters/every');
    if (measure.type.name !== 'DOUBLE' && measure.type.name !== 'BIGINT') {
      faults.add('/parameters/measure', `${measure.name} is no number.`);
    }
    if (beta !== null && !trend)
      faults.add('/parameters/beta', 'beta is the weight of a trend; set trend, or leave it out.');
    if (gamma !== null && season === null) {
      faults.add('/parameters/gamma', 'gamma is the weight of a season; name season, or leave it out.');
    }
  },
  columns: ({ time, measure }) => [
    column(time, TIMESTAMP, false),
    column(measure.name, DOUBLE),
    column('fitted', DOUBLE),
    column('is_forecast', BOOLEAN, false),
    column('alpha', DOUBLE),
    column('beta', DOUBLE),
    column('gamma', DOUBLE),
    column('rmse', DOUBLE),
  ],
});
