import { BIGINT, column, DOUBLE, VARCHAR } from '../column.ts';
import { columnName, columnNames } from '../column-parameters.ts';
import { defineOperation } from '../operation.ts';
import { flag } from '../parameter.ts';

/**
 * Ordinary least squares over the rows that have a value in every column named, one row a term. Fitted by planar
 * rotations on the rows themselves, never on XᵀX, whose condition is squared: W. M. Gentleman, "Algorithm AS 75: Basic
 * procedures for large, sparse or weighted linear least problems", Applied Statistics 23(3), 1974. Standard errors are
 * those of s²(XᵀX)⁻¹; `residual_sd` is s = √(RSS / (n − k)); `r_squared` is 1 − RSS/TSS, TSS about the mean, about zero
 * without an intercept. The last columns tell of the whole model and are the same in each row.
 */
export const regression = defineOperation({
  description: 'Linear regression of one column on others by ordinary least squares.',
  parameters: {
    y: columnName('number', 'The column to explain.'),
    x: columnNames('number', 'The columns that explain it.', { most: 100 }),
    intercept: flag('Whether there is a constant term.', true),
  },
  reads: ({ y, x }) => [y, ...x],
  check: ({ y, x }, _input, faults) => {
    if (x?.includes(y)) faults.add('/parameters/x', `${y} cannot explain itself; leave it out of x.`);
  },
  columns: () => [
    column('term', VARCHAR, false),
    column('estimate', DOUBLE),
    column('standard_error', DOUBLE),
    column('t_value', DOUBLE),
    column('rows', BIGINT, false),
    column('degrees_of_freedom', BIGINT, false),
    column('residual_sd', DOUBLE),
    column('r_squared', DOUBLE),
  ],
});
