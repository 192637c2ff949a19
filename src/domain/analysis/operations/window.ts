import { BIGINT, column, DOUBLE } from '../column.ts';
import { columnName, columnNames, resultName } from '../column-parameters.ts';
import { defineOperation, identityOf } from '../operation.ts';
import { integer, listOf, objectOf, oneOf, optional } from '../parameter.ts';
import { keyColumn } from './group.ts';

const WINDOW_FUNCTIONS = ['count', 'sum', 'mean', 'min', 'max', 'sd'] as const;

const windowMeasure = objectOf(
  {
    function: oneOf(WINDOW_FUNCTIONS, 'count of values, sum, mean, min, max, sd of a sample (n - 1).'),
    column: columnName('number', 'The column of numbers.'),
    as: resultName('Name of the result column; else FUNCTION_COLUMN.'),
  },
  'A figure of the rows of the window.',
);

/**
 * For each row a figure of itself and those before it: of the last `rows` of them, or of all from the first where `rows` is
 * left out. Rows stand in order of `order_by`, nulls last, those that are equal in order of their id; each combination of
 * `by` has an order of its own. Nulls count for nothing.
 */
export const window = defineOperation({
  description: 'Rolling and cumulative figures along an order of the rows.',
  parameters: {
    order_by: columnName('ordered', 'The column that puts the rows in order.'),
    by: columnNames('key', 'Keys that each have an order of their own.', { fallback: 'none', most: 16 }),
    rows: optional(
      integer('How many rows a window has, the row itself included; all before it where it is left out.', {
        least: 1,
        most: 1_000_000,
      }),
    ),
    measures: listOf(windowMeasure, 'The figures.', { most: 50 }),
    keep: columnNames('any', 'Further columns to show.', { fallback: 'none' }),
  },
  reads: ({ order_by, by, measures, keep }, { columns }) => [
    ...by,
    order_by,
    ...keep,
    ...measures.map(({ column: name }) => name),
    ...identityOf(columns),
  ],
  columns: ({ order_by, by, measures, keep }, { columns }) => [
    ...[...new Set([...by, order_by, ...keep])].map((name) => keyColumn(columns, name)),
    ...measures.map(({ function: name, column: about, as }) =>
      column(as ?? `${name}_${about}`, name === 'count' ? BIGINT : DOUBLE),
    ),
  ],
});
