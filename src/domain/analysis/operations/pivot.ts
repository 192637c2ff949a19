import { columnName, columnNames } from '../column-parameters.ts';
import { measuredColumns, oneMeasure } from '../measures.ts';
import { defineOperation } from '../operation.ts';

/** Columns that a pivot may make. */
export const MAX_PIVOT_COLUMNS = 500;

/**
 * One row for each combination of `rows`, in their order, and one column for each value of `columns`, in its order, named
 * by the value (`null` for null; a name that is taken already gets `_2`). Where no row falls a count is 0 and any other
 * measure null.
 */
export const pivot = defineOperation({
  description: 'The values of one column turned into columns, with one measure in each cell.',
  parameters: {
    rows: columnNames('key', 'What stands at the beginning of each row.', { most: 16 }),
    columns: columnName('key', `The column whose values become columns, ${MAX_PIVOT_COLUMNS} at most.`),
    measure: oneMeasure,
  },
  reads: ({ rows, columns, measure }) => [...rows, columns, ...measuredColumns([measure])],
  columns: () => null,
});
