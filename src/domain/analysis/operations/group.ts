import { TIME_BUCKETS } from '../../query/aggregation.ts';
import type { ColumnSchema } from '../../record/batch.ts';
import { checkBucket } from '../buckets.ts';
import { type AnalysisColumn, column } from '../column.ts';
import { columnName } from '../column-parameters.ts';
import { measureColumns, measuredColumns, measureList } from '../measures.ts';
import { defineOperation, inputColumn } from '../operation.ts';
import { listOf, objectOf, oneOf, optional } from '../parameter.ts';

const key = objectOf(
  {
    column: columnName('key', 'The column.'),
    bucket: optional(oneOf(TIME_BUCKETS, 'The part of time whose beginning stands for all of it.')),
  },
  'What the rows of a group have in common.',
);

/** Groups in order of their keys, nulls last; null is a key like any other. */
export const group = defineOperation({
  description: 'Rows gathered by what they have in common, with measures of each group.',
  parameters: {
    by: listOf(key, 'The keys; without any, all rows are one group.', { least: 0, most: 16, fallback: [] }),
    measures: measureList(),
  },
  reads: ({ by, measures }) => [...by.map(({ column: name }) => name), ...measuredColumns(measures)],
  check: ({ by }, { columns }, faults) => {
    by.forEach(({ column: name, bucket }, index) => {
      checkBucket(name, bucket, columns, faults, `/parameters/by/${index}/bucket`);
    });
  },
  columns: ({ by, measures }, { columns }) => [
    ...by.map(({ column: name }) => keyColumn(columns, name)),
    ...measureColumns(measures),
  ],
});

/** A column of the input as a key of the result. */
export function keyColumn(columns: readonly AnalysisColumn[], name: string): ColumnSchema {
  const { dbType, nullable } = inputColumn(columns, name);
  return column(name, dbType, nullable);
}
