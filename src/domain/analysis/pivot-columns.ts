import { DataForgeError } from '../errors.ts';
import type { ColumnSchema } from '../record/batch.ts';
import type { Value } from '../record/value.ts';
import type { ParametersOf } from './analysis.ts';
import { type AnalysisColumn, column, freeName } from './column.ts';
import { keyColumn } from './operations/group.ts';
import { MAX_PIVOT_COLUMNS } from './operations/pivot.ts';

/**
 * The columns of the result of `pivot`, of which the values have to be known.
 * @throws DataForgeError `too_large` where there are too many
 */
export function pivotColumns(
  { rows, columns: turned, measure }: ParametersOf<'pivot'>,
  columns: readonly AnalysisColumn[],
  values: readonly Value[],
): ColumnSchema[] {
  if (values.length > MAX_PIVOT_COLUMNS) {
    throw new DataForgeError(
      'too_large',
      `${turned} has more than ${MAX_PIVOT_COLUMNS} values, and each would be a column; narrow the filters, or turn it round.`,
      { details: { limit: MAX_PIVOT_COLUMNS } },
    );
  }
  const taken = new Set(rows);
  return [
    ...rows.map((name) => keyColumn(columns, name)),
    ...values.map((value) => column(freeName(String(value), taken), measure.type)),
  ];
}
