import { columnName, columnNames } from '../column-parameters.ts';
import { defineOperation, identityOf } from '../operation.ts';
import { oneOf, optional } from '../parameter.ts';
import { keyColumn } from './group.ts';

/**
 * One row of each that are equal in the columns named, nulls equal to each other: the first or the last in order of
 * `order_by` (nulls last), then of the id. The result is in that order too.
 */
export const deduplicate = defineOperation({
  description: 'One row of each that are equal in some columns.',
  parameters: {
    on: columnNames('key', 'What makes rows equal; all properties but JSON where it is left out.', { fallback: 'all' }),
    keep: oneOf(['first', 'last'], 'Which one stays.', 'first'),
    order_by: optional(columnName('ordered', 'What puts them in order; the id where it is left out.')),
    columns: columnNames('any', 'Columns to show; all properties where it is left out.', { fallback: 'all' }),
  },
  reads: ({ on, order_by, columns: shown }, { columns }) => [
    ...on,
    ...shown,
    ...(order_by === null ? [] : [order_by]),
    ...identityOf(columns),
  ],
  columns: ({ columns: shown }, { columns }) => shown.map((name) => keyColumn(columns, name)),
});
