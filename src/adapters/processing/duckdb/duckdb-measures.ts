import type { ParametersOf } from '#domain/analysis/analysis.ts';
import { isNumber } from '#domain/analysis/column.ts';
import type { Measure } from '#domain/analysis/measures.ts';
import type { DbType } from '#domain/dataset/db-type.ts';

import { asDouble, quoted } from './duckdb-sql-text.ts';

/** A measure as an aggregate. */
export function measureSql({ function: name, column, source, type }: Measure): string {
  if (column === null) return 'count(*)';
  const value = quoted(column);
  const number = asDouble(column);
  switch (name) {
    case 'count':
      return `count(${value})`;
    case 'distinct':
      return `count(DISTINCT ${value})`;
    case 'sum':
      return sumSql(column, source);
    case 'mean':
      return meanSql(column, source);
    case 'sd':
      return `stddev_samp(${number})`;
    case 'variance':
      return `var_samp(${number})`;
    case 'median':
      return `quantile_cont(${number}, 0.5)`;
    case 'min':
    case 'max':
      return isNumber(type) ? `${name}(${value})::DOUBLE` : `${name}(${value})`;
  }
}

/** Whole numbers and decimals are added exactly, others with compensation (Kahan), so that no order of the rows shows. */
function sumSql(column: string, source: DbType | null): string {
  return source?.name === 'DOUBLE' ? `fsum(${quoted(column)})` : `sum(${quoted(column)})::DOUBLE`;
}

export function meanSql(column: string, source: DbType | null): string {
  return source?.name === 'DOUBLE' ? `favg(${quoted(column)})` : `avg(${quoted(column)})`;
}

/** A key of groups as an expression. */
export function keySql({ column, bucket }: ParametersOf<'group'>['by'][number]): string {
  return bucket === null ? quoted(column) : `date_trunc('${bucket}', ${quoted(column)})`;
}
