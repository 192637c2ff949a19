import type { Dataset } from '#domain/dataset/dataset.ts';
import { positionOf } from '#domain/query/order.ts';
import type { Filter, PageQuery, StreamQuery } from '#domain/query/query.ts';
import { recordRenderer } from '#formats/json/render-record.ts';
import { neededFields } from '../shared/needed-fields.ts';
import { compileAfter, compileFilter, compileSort, SqlParameters } from '../sql/compile-filter.ts';
import { type SqliteConnection, WATCHED } from './sqlite-connection.ts';
import { sqliteDialect } from './sqlite-dialect.ts';
import { currentTable } from './sqlite-layout.ts';
import type { WirePage } from './sqlite-reader-calls.ts';
import { recordColumns, recordReader } from './sqlite-records.ts';
import type { SqliteValue } from './sqlite-values.ts';

export interface Statement {
  readonly sql: string;
  readonly parameters: readonly SqliteValue[];
}

/** A page and how many records there are in all, of one snapshot. */
export function readPage(connection: SqliteConnection, query: PageQuery): WirePage {
  const { dataset, sort, fields } = query;
  const statement = pageStatement(query);
  const columns = neededFields(query);
  const read = recordReader(dataset, columns);
  const render = recordRenderer(dataset, fields);
  return connection.snapshot(() => {
    const records = connection.rows(statement.sql, statement.parameters).map(read);
    return {
      records: records.map((record) => ({ id: record.id, version: record.version, json: render(record) })),
      positions: records.map((record) => positionOf(sort, record)),
      total: countRecords(connection, dataset, query.filter),
    };
  });
}

/** How many records match; of all of them the number is kept until the store changes. */
export function countRecords(connection: SqliteConnection, dataset: Dataset, filter: Filter | null): number {
  const parameters = new SqlParameters('?');
  const condition = compileFilter(filter, sqliteDialect, parameters);
  const sql = `SELECT count(*) FROM ${currentTable(dataset)} WHERE ${WATCHED} AND ${condition}`;
  if (filter !== null) return Number(connection.row(sql, valuesOf(parameters))?.[0]);
  return connection.keptWhileUnchanged(`SELECT count(*) FROM ${currentTable(dataset)}`);
}

export function explainQuery(connection: SqliteConnection, query: PageQuery | StreamQuery): string {
  const { sql, parameters } = 'start' in query ? pageStatement(query) : streamStatement(query);
  const rows = connection.rows(`EXPLAIN QUERY PLAN ${sql}`, parameters);
  return rows.map(([, , , detail]) => String(detail)).join('\n');
}

function pageStatement(query: PageQuery): Statement {
  const { dataset, filter, sort, start, size } = query;
  const parameters = new SqlParameters('?');
  const condition = compileFilter(filter, sqliteDialect, parameters);
  const after = start.kind === 'after' ? ` AND ${compileAfter(sort, start.position, sqliteDialect, parameters)}` : '';
  const offset = start.kind === 'offset' ? ` OFFSET ${start.offset}` : '';
  const sql =
    `SELECT ${recordColumns(dataset, neededFields(query))} FROM ${currentTable(dataset)} ` +
    `WHERE ${WATCHED} AND ${condition}${after} ORDER BY ${compileSort(sort, sqliteDialect)} LIMIT ${size}${offset}`;
  return { sql, parameters: valuesOf(parameters) };
}

/** The rows of a stream, in the order they lie in unless it sorts. */
export function streamStatement(query: StreamQuery): Statement {
  const { dataset, filter, sort, limit } = query;
  const parameters = new SqlParameters('?');
  const condition = compileFilter(filter, sqliteDialect, parameters);
  const order = sort.length > 0 ? compileSort(sort, sqliteDialect) : '_row';
  const sql =
    `SELECT ${recordColumns(dataset, neededFields(query))} FROM ${currentTable(dataset)} ` +
    `WHERE ${WATCHED} AND ${condition} ORDER BY ${order}${limit === null ? '' : ` LIMIT ${limit}`}`;
  return { sql, parameters: valuesOf(parameters) };
}

export function valuesOf(parameters: SqlParameters): SqliteValue[] {
  return parameters.values as SqliteValue[];
}
