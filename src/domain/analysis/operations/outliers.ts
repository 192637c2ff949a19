import { column, DOUBLE, VARCHAR } from '../column.ts';
import { columnNames } from '../column-parameters.ts';
import { defineOperation, identityOf } from '../operation.ts';
import { number, oneOf, optional } from '../parameter.ts';
import { keyColumn } from './group.ts';

const OUTLIER_METHODS = ['z', 'iqr', 'mad'] as const;

/** The threshold of each method where none is given. */
export const OUTLIER_THRESHOLDS = { z: 3, iqr: 1.5, mad: 3.5 } as const;

/** Φ⁻¹(3/4): the part of a standard deviation that the median absolute deviation of a normal sample is. */
export const MAD_OF_NORMAL = 0.6745;

/**
 * Values that stand apart, furthest first, with what they were judged by: `z`, (x − x̄)/s beyond the threshold; `iqr`,
 * the distance from the nearer quartile (type 7) in interquartile ranges (J. W. Tukey, Exploratory Data Analysis, 1977);
 * `mad`, 0.6745(x − median)/MAD (B. Iglewicz & D. Hoaglin, How to Detect and Handle Outliers, 1993). A column
 * without spread has none. `lower` and `upper` are the bounds that a value lies outside of.
 */
export const outliers = defineOperation({
  description: 'Values that stand apart from the others of their column.',
  parameters: {
    columns: columnNames('number', 'Columns of numbers; all where it is left out.', { fallback: 'all', most: 100 }),
    method: oneOf(OUTLIER_METHODS, 'By z-score, interquartile range or median absolute deviation.', 'mad'),
    threshold: optional(
      number('How far is too far; 3 for z, 1.5 for iqr, 3.5 for mad where it is left out.', {
        least: 0,
        most: 1e6,
      }),
    ),
    keep: columnNames('any', 'Columns of the row to show; its id is always there.', { fallback: 'none' }),
  },
  reads: ({ columns: judged, keep }, { columns }) => [...judged, ...keep, ...identityOf(columns)],
  columns: ({ keep }, { columns }) => [
    ...[...new Set([...identityOf(columns), ...keep])].map((name) => keyColumn(columns, name)),
    column('column', VARCHAR, false),
    column('value', DOUBLE, false),
    column('score', DOUBLE, false),
    column('lower', DOUBLE, false),
    column('upper', DOUBLE, false),
  ],
});
