import type { ParametersOf } from '#domain/analysis/analysis.ts';
import { column } from '#domain/analysis/column.ts';
import { inputColumn } from '#domain/analysis/operation.ts';
import { MAX_PIVOT_COLUMNS } from '#domain/analysis/operations/pivot.ts';
import { pivotColumns } from '#domain/analysis/pivot-columns.ts';
import { type DbType, formatDbType } from '#domain/dataset/db-type.ts';
import type { ColumnSchema } from '#domain/record/batch.ts';
import type { Value } from '#domain/record/value.ts';
import { type DuckDbContext, selectFew } from '../duckdb-context.ts';
import { measureSql } from '../duckdb-measures.ts';
import { quoted, text } from '../duckdb-sql-text.ts';

/** The values that become columns are asked for first. */
export async function pivotSelect(
  parameters: ParametersOf<'pivot'>,
  context: DuckDbContext,
): Promise<{ readonly sql: string; readonly columns: readonly ColumnSchema[] }> {
  const { rows, columns: turned, measure } = parameters;
  const { dbType } = inputColumn(context.input.columns, turned);
  const name = quoted(turned);
  const distinct = `SELECT DISTINCT ${name} FROM input ORDER BY 1 NULLS LAST LIMIT ${MAX_PIVOT_COLUMNS + 1}`;
  const found = await selectFew(context, distinct, [column('value', dbType)]);
  const values = found.map(([value = null]) => value);
  const columns = pivotColumns(parameters, context.input.columns, values);
  const cells = values.map((value) => {
    return `${measureSql(measure)} FILTER (WHERE ${name} IS NOT DISTINCT FROM ${valueSql(value, dbType)})`;
  });
  const select = [...rows.map(quoted), ...cells].join(', ');
  const places = rows.map((_, index) => String(index + 1));
  const order = places.map((place) => `${place} NULLS LAST`).join(', ');
  return { columns, sql: `SELECT ${select} FROM input GROUP BY ${places.join(', ')} ORDER BY ${order}` };
}

function valueSql(value: Value, type: DbType): string {
  return value === null ? 'NULL' : `${text(String(value))}::${formatDbType(type)}`;
}
