import { column, DOUBLE, VARCHAR } from '../column.ts';
import { columnNames } from '../column-parameters.ts';
import { defineOperation } from '../operation.ts';

/**
 * Pearson's product-moment correlation, Σ(x − x̄)(y − ȳ) / √(Σ(x − x̄)² Σ(y − ȳ)²) (Pearson, Proceedings of the Royal
 * Society 58, 1895), of each pair over the rows where both have a value. Null where one of them does not vary. A column
 * with itself is 1 where it varies.
 */
export const correlation = defineOperation({
  description: "The matrix of Pearson's correlation between columns of numbers.",
  parameters: {
    columns: columnNames('number', 'Columns of numbers; all where it is left out.', { fallback: 'all', most: 100 }),
  },
  reads: ({ columns }) => columns,
  columns: ({ columns }) => [column('column', VARCHAR, false), ...columns.map((name) => column(name, DOUBLE))],
});
