import type { DbType } from '#domain/dataset/db-type.ts';
import { type Aggregation, type Measure, typesOfAggregation } from '#domain/query/aggregation.ts';
import { typeOfField } from '#domain/query/field.ts';
import type { Value } from '#domain/record/value.ts';
import { compileFilter, SqlParameters } from '../sql/compile-filter.ts';
import { duckDbDialect } from './duckdb-dialect.ts';
import { columnType, currentTable, fieldColumn } from './duckdb-layout.ts';
import { canonicalValue } from './duckdb-rows.ts';
import type { DuckDbSession } from './duckdb-session.ts';

/** The groups of an aggregation: the engine gathers, sorts and cuts; only what is left is rendered. */
export async function aggregateRows(session: DuckDbSession, query: Aggregation): Promise<Value[][]> {
  const { sql, parameters } = aggregationSql(query);
  const rows = await session.rows(sql, parameters.values);
  const types = typesOfAggregation(query);
  return rows.map((row) => row.map((value, column) => readValue(types[column] as DbType, value)));
}

function aggregationSql(query: Aggregation): { readonly sql: string; readonly parameters: SqlParameters } {
  const { dataset, filter, keys, measures, sort, limit } = query;
  const parameters = new SqlParameters();
  const condition = compileFilter(filter, duckDbDialect, parameters);
  const columns = [
    ...keys.map(({ field, bucket }, index) => {
      const column = fieldColumn(field);
      const type = columnType(typeOfField(field));
      return `${bucket === null ? column : `date_trunc('${bucket}', ${column})::${type}`} AS g${index}`;
    }),
    ...measures.map((measure, index) => `${measureSql(measure)} AS g${keys.length + index}`),
  ];
  const groups = keys.map((_, index) => `g${index}`);
  const order = [
    ...sort.map(({ column, order }) => `g${column} ${order} NULLS LAST`),
    ...groups.map((group) => `${group} NULLS LAST`),
  ];
  const shown = typesOfAggregation(query).map((type, index) => canonicalValue(type, `g${index}`));
  return {
    parameters,
    sql:
      `SELECT ${shown.join(', ')} FROM (SELECT ${columns.join(', ')} FROM ${currentTable(dataset)} WHERE ${condition}` +
      `${groups.length === 0 ? '' : ` GROUP BY ${groups.join(', ')}`})` +
      `${order.length === 0 ? '' : ` ORDER BY ${order.join(', ')}`} LIMIT ${limit}`,
  };
}

function measureSql({ function: name, field }: Measure): string {
  if (field === null) return 'count(*)';
  const column = fieldColumn(field);
  const type = typeOfField(field);
  if (name !== 'sum' || type.name === 'DOUBLE') return `${name}(${column})`;
  return `sum(${column})::DECIMAL(38,${type.name === 'DECIMAL' ? type.scale : 0})`;
}

/** The driver has numbers of several types for whole ones. */
function readValue(type: DbType, value: unknown): Value {
  if (value === null) return null;
  return type.name === 'BIGINT' ? BigInt(value as number | bigint) : (value as Value);
}
