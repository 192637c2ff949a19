import type { DbType } from '#domain/dataset/db-type.ts';
import type { Aggregation } from '#domain/query/aggregation.ts';
import { typeOfField } from '#domain/query/field.ts';
import type { Value } from '#domain/record/value.ts';
import { compileFilter, SqlParameters } from '../sql/compile-filter.ts';
import { duckDbDialect } from './duckdb-dialect.ts';
import { columnType, currentTable, fieldColumn } from './duckdb-layout.ts';
import { measureSql } from './duckdb-measures.ts';
import { canonicalValue } from './duckdb-rows.ts';
import type { DuckDbSession } from './duckdb-session.ts';

/** The groups of an aggregation: the engine gathers, sorts and cuts; only what is left is read. */
export async function aggregateRows(session: DuckDbSession, query: Aggregation): Promise<Value[][]> {
  const { sql, parameters, read } = aggregationSql(query);
  return (await session.rows(sql, parameters.values)).map(read);
}

/** Keys are called `k0`, `k1`, …; of measure 0 `m0_0`, … is read and `s0_0`, … sorted by. */
function aggregationSql({ dataset, filter, keys, measures, sort, limit }: Aggregation) {
  const parameters = new SqlParameters();
  const condition = compileFilter(filter, duckDbDialect, parameters);
  const parts = measures.map(measureSql);
  const groups = keys.map(({ field, bucket }, index) => {
    const column = fieldColumn(field);
    const type = columnType(typeOfField(field));
    return `${bucket === null ? column : `date_trunc('${bucket}', ${column})::${type}`} AS k${index}`;
  });
  const names = keys.map((_, index) => `k${index}`);
  const gathered = parts.flatMap(({ sorted, shown }, at) => [
    ...shown.map((expression, index) => `${expression} AS m${at}_${index}`),
    ...sorted.map((expression, index) => `${expression} AS s${at}_${index}`),
  ]);
  const order = [
    ...sort.flatMap(({ column, order: direction }) =>
      (column < keys.length
        ? [`k${column}`]
        : (parts[column - keys.length]?.sorted ?? []).map((_, index) => `s${column - keys.length}_${index}`)
      ).map((name) => `${name} ${direction} NULLS LAST`),
    ),
    ...names.map((name) => `${name} NULLS LAST`),
  ];
  const keyTypes = keys.map(({ field }) => typeOfField(field));
  const shown = [
    ...keyTypes.map((type, index) => canonicalValue(type, `k${index}`)),
    ...parts.flatMap(({ shown }, at) => shown.map((_, index) => `m${at}_${index}`)),
  ];
  const widths = parts.map(({ shown }) => shown.length);
  const starts = widths.map((_, at) => widths.slice(0, at).reduce((sum, width) => sum + width, keys.length));
  const read = (row: readonly unknown[]): Value[] => [
    ...keyTypes.map((type, index) => readKey(type, row[index])),
    ...parts.map((part, at) => part.read(row.slice(starts[at], (starts[at] ?? 0) + part.shown.length))),
  ];
  return {
    parameters,
    read,
    sql:
      `SELECT ${shown.join(', ')} FROM (SELECT ${[...groups, ...gathered].join(', ')} FROM ${currentTable(dataset)} WHERE ${condition}` +
      `${names.length === 0 ? '' : ` GROUP BY ${names.join(', ')}`})` +
      `${order.length === 0 ? '' : ` ORDER BY ${order.join(', ')}`} LIMIT ${limit}`,
  };
}

/** The driver has numbers of several types for whole ones. */
function readKey(type: DbType, value: unknown): Value {
  if (value === null) return null;
  return type.name === 'BIGINT' ? BigInt(value as number | bigint) : (value as Value);
}
