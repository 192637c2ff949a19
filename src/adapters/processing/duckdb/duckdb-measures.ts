import type { ParametersOf } from '#domain/analysis/analysis.ts';
import { isNumber } from '#domain/analysis/column.ts';
import type { Measure } from '#domain/analysis/measures.ts';
import { asDouble, quoted } from './duckdb-sql-text.ts';

/**
 * A measure as an aggregate. `fsum` and `favg` add with compensation (Kahan), so that no order of the rows shows; whole
 * numbers the engine adds exactly, in less time.
 */
export function measureSql({ function: name, column, isWhole, type }: Measure): string {
  if (column === null) return 'count(*)';
  const value = quoted(column);
  const number = asDouble(column);
  switch (name) {
    case 'count':
      return `count(${value})`;
    case 'distinct':
      return `count(DISTINCT ${value})`;
    case 'sum':
      return isWhole ? `sum(${value})::DOUBLE` : `fsum(${number})`;
    case 'mean':
      return isWhole ? `avg(${value})` : `favg(${number})`;
    case 'sd':
      return `stddev_samp(${number})`;
    case 'variance':
      return `var_samp(${number})`;
    case 'median':
      return `quantile_cont(${number}, 0.5)`;
    case 'min':
    case 'max':
      return `${name}(${isNumber(type) ? number : value})`;
  }
}

/** A key of groups as an expression. */
export function keySql({ column, bucket }: ParametersOf<'group'>['by'][number]): string {
  return bucket === null ? quoted(column) : `date_trunc('${bucket}', ${quoted(column)})`;
}
