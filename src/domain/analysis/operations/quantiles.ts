import { column, DOUBLE, VARCHAR } from '../column.ts';
import { columnNames } from '../column-parameters.ts';
import { defineOperation } from '../operation.ts';
import { listOf, number } from '../parameter.ts';

/**
 * One row a column and probability. With the n values in order x₁ … xₙ and h = (n − 1)p + 1, the quantile is
 * x⌊h⌋ + (h − ⌊h⌋)(x⌊h⌋₊₁ − x⌊h⌋): type 7 of Hyndman & Fan (The American Statistician 50(4), 1996), the default of R and NumPy.
 */
export const quantiles = defineOperation({
  description: 'Quantiles of columns of numbers.',
  parameters: {
    columns: columnNames('number', 'Columns of numbers; all where it is left out.', { fallback: 'all' }),
    probabilities: listOf(number('A probability.', { least: 0, most: 1 }), 'Which quantiles.', {
      most: 1000,
      fallback: [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1],
    }),
  },
  reads: ({ columns }) => columns,
  columns: () => [column('column', VARCHAR, false), column('probability', DOUBLE, false), column('value', DOUBLE)],
});
