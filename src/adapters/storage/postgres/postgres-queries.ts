import type { RecordPage } from '#application/ports/record-reader.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { positionOf } from '#domain/query/order.ts';
import type { Filter, PageQuery, Position, StreamQuery } from '#domain/query/query.ts';
import { recordRenderer } from '#formats/json/render-record.ts';
import { neededFields } from '../shared/needed-fields.ts';
import { compileAfter, compileFilter, compileSort, SqlParameters } from '../sql/compile-filter.ts';
import type { PostgresConnection } from './postgres-connection.ts';
import { postgresDialect } from './postgres-dialect.ts';
import { currentTable } from './postgres-layout.ts';
import { recordColumns, recordReader } from './postgres-records.ts';
import type { PostgresValue } from './postgres-values.ts';

export interface Statement {
  readonly sql: string;
  readonly parameters: readonly PostgresValue[];
}

/** A page and how many records there are in all, of one snapshot. */
export async function readPage(connection: PostgresConnection, query: PageQuery): Promise<RecordPage> {
  const { dataset, sort, fields } = query;
  const { sql, parameters } = pageStatement(query);
  const [rows, total] = await connection.snapshot(async () => [
    await connection.rows(sql, parameters),
    await countRecords(connection, dataset, query.filter),
  ]);
  const records = rows.map(recordReader(dataset, neededFields(query)));
  const render = recordRenderer(dataset, fields);
  const positions = records.map((record) => positionOf(sort, record));
  return {
    records: records.map((record) => ({ id: record.id, version: record.version, json: render(record) })),
    total,
    last: positions.at(-1) ?? null,
    positionAt: (index) => positions[index] as Position,
  };
}

export async function countRecords(
  connection: PostgresConnection,
  dataset: Dataset,
  filter: Filter | null,
): Promise<number> {
  const parameters = new SqlParameters();
  const condition = compileFilter(filter, postgresDialect, parameters);
  const sql = `SELECT count(*) FROM ${currentTable(dataset)} WHERE ${condition}`;
  return Number((await connection.row(sql, valuesOf(parameters)))?.[0]);
}

export async function explainQuery(connection: PostgresConnection, query: PageQuery | StreamQuery): Promise<string> {
  const { sql, parameters } = 'start' in query ? pageStatement(query) : streamStatement(query);
  return (await connection.rows(`EXPLAIN ${sql}`, parameters)).map(([line]) => line).join('\n');
}

function pageStatement(query: PageQuery): Statement {
  const { dataset, filter, sort, start, size } = query;
  const parameters = new SqlParameters();
  const condition = compileFilter(filter, postgresDialect, parameters);
  const after = start.kind === 'after' ? ` AND ${compileAfter(sort, start.position, postgresDialect, parameters)}` : '';
  const offset = start.kind === 'offset' ? ` OFFSET ${start.offset}` : '';
  const sql =
    `SELECT ${recordColumns(dataset, neededFields(query))} FROM ${currentTable(dataset)} ` +
    `WHERE ${condition}${after} ORDER BY ${compileSort(sort, postgresDialect)} LIMIT ${size}${offset}`;
  return { sql, parameters: valuesOf(parameters) };
}

/** The rows of a stream, in the order they lie in unless it sorts. */
export function streamStatement(query: StreamQuery): Statement {
  const { dataset, filter, sort, limit } = query;
  const parameters = new SqlParameters();
  const condition = compileFilter(filter, postgresDialect, parameters);
  const order = sort.length > 0 ? ` ORDER BY ${compileSort(sort, postgresDialect)}` : '';
  const sql =
    `SELECT ${recordColumns(dataset, neededFields(query))} FROM ${currentTable(dataset)} ` +
    `WHERE ${condition}${order}${limit === null ? '' : ` LIMIT ${limit}`}`;
  return { sql, parameters: valuesOf(parameters) };
}

export function valuesOf(parameters: SqlParameters): PostgresValue[] {
  return parameters.values as PostgresValue[];
}
