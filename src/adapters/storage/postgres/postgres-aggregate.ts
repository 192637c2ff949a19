import { AggregatedGroups } from '#domain/query/aggregate.ts';
import type { Aggregation } from '#domain/query/aggregation.ts';
import type { Value } from '#domain/record/value.ts';
import { compileFilter, SqlParameters } from '../sql/compile-filter.ts';
import type { PostgresConnection } from './postgres-connection.ts';
import { postgresDialect } from './postgres-dialect.ts';
import { currentTable } from './postgres-layout.ts';
import { valuesOf } from './postgres-queries.ts';
import { recordColumns, recordReader } from './postgres-records.ts';

const BLOCK_ROWS = 8192;

/** The groups of an aggregation: the engine finds the rows, what they come to is the domain's to say. */
export async function aggregateRecords(connection: PostgresConnection, query: Aggregation): Promise<Value[][]> {
  const { dataset, filter, keys, measures } = query;
  const parameters = new SqlParameters();
  const condition = compileFilter(filter, postgresDialect, parameters);
  const fields = [...keys, ...measures].flatMap(({ field }) => (field?.kind === 'property' ? [field.index] : []));
  const columns = [...new Set(fields)];
  const sql = `SELECT ${recordColumns(dataset, columns)} FROM ${currentTable(dataset)} WHERE ${condition}`;
  const read = recordReader(dataset, columns);
  const groups = new AggregatedGroups(query);
  for await (const rows of connection.blocks(sql, valuesOf(parameters), BLOCK_ROWS)) {
    for (const row of rows) groups.add(read(row));
  }
  return groups.rows();
}
