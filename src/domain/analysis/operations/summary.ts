import { BIGINT, column, DOUBLE, JSON_TEXT, VARCHAR } from '../column.ts';
import { columnNames } from '../column-parameters.ts';
import { defineOperation } from '../operation.ts';
import { flag, integer } from '../parameter.ts';

/**
 * One row a column. `mean` is the arithmetic mean and `sd` the standard deviation of a sample,
 * √(Σ(x − x̄)² / (n − 1)), null under two values; quartiles interpolate linearly between order statistics (type 7 of
 * Hyndman & Fan, "Sample Quantiles in Statistical Packages", The American Statistician 50(4), 1996). `min`, `max`,
 * `top_values` and `histogram` are JSON: a value as it stands in a record; `[{"value", "count"}]`, most frequent first,
 * ties in order of the value; `{"edges": [b + 1 numbers], "counts": [b]}` of equal bins, closed on the left, the last
 * one on both sides. `approximate` counts distinct values by HyperLogLog (Flajolet et al., 2007) and takes quartiles
 * from a t-digest (Dunning & Ertl, 2019): up to a fifth from the truth, several times faster.
 */
export const summary = defineOperation({
  description:
    'Counts, nulls, distinct values, mean, standard deviation, extremes, quartiles, top values and a histogram of each column.',
  parameters: {
    columns: columnNames('any', 'Columns to tell of; all properties where it is left out.', { fallback: 'all' }),
    top: integer('How many of the most frequent values to list.', { least: 0, most: 1000, fallback: 5 }),
    bins: integer('Bins of the histogram.', { least: 0, most: 1000, fallback: 10 }),
    approximate: flag('Whether distinct values and quartiles may be estimated.', false),
  },
  reads: ({ columns }) => columns,
  columns: () => [
    column('column', VARCHAR, false),
    column('type', VARCHAR, false),
    column('count', BIGINT, false),
    column('nulls', BIGINT, false),
    column('distinct', BIGINT, false),
    column('mean', DOUBLE),
    column('sd', DOUBLE),
    column('min', JSON_TEXT),
    column('q1', DOUBLE),
    column('median', DOUBLE),
    column('q3', DOUBLE),
    column('max', JSON_TEXT),
    column('top_values', JSON_TEXT),
    column('histogram', JSON_TEXT),
  ],
});
