import { TIME_BUCKETS } from '../../query/aggregation.ts';
import { checkBucket } from '../buckets.ts';
import { column, TIMESTAMP } from '../column.ts';
import { columnName, columnNames } from '../column-parameters.ts';
import { measureColumns, measuredColumns, measureList } from '../measures.ts';
import { defineOperation } from '../operation.ts';
import { oneOf } from '../parameter.ts';
import { keyColumn } from './group.ts';

const FILLS = ['none', 'null', 'zero', 'previous', 'linear'] as const;

/**
 * One row a key and bucket, from the first bucket that any row falls in to the last, whether or not a row does (`none`
 * leaves those out). In a bucket without rows a count is 0. Where another measure has no value, `zero` makes it 0,
 * `previous` takes the last one before it, `linear` the point on the straight line in time between its neighbours; before
 * the first and after the last value there is no line. `zero` and `linear` are for numbers; extremes of other types stay null.
 */
export const timeBuckets = defineOperation({
  description: 'Rows gathered by time, with the buckets that no row falls in.',
  parameters: {
    time: columnName('time', 'The date or timestamp.'),
    every: oneOf(TIME_BUCKETS, 'The part of time that makes a bucket; a week begins on its Monday.'),
    by: columnNames('key', 'Keys that each have buckets of their own.', { fallback: 'none', most: 16 }),
    measures: measureList(),
    fill: oneOf(FILLS, 'What stands where a measure has no value.', 'null'),
  },
  reads: ({ time, by, measures }) => [time, ...by, ...measuredColumns(measures)],
  check: ({ time, every }, { columns }, faults) => checkBucket(time, every, columns, faults, '/parameters/every'),
  columns: ({ time, by, measures }, { columns }) => [
    ...by.map((name) => keyColumn(columns, name)),
    column(time, TIMESTAMP, false),
    ...measureColumns(measures),
  ],
});
