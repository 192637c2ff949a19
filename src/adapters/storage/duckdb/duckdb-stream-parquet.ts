import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { typeOfField } from '#domain/query/field.ts';
import type { StreamQuery } from '#domain/query/query.ts';
import { flatColumns } from '#domain/record/flat-columns.ts';
import { compileFilter, compileSort, SqlParameters } from '../sql/compile-filter.ts';
import { identifier, literal } from '../sql/identifier.ts';
import { duckDbDialect } from './duckdb-dialect.ts';
import { currentTable, fieldColumn } from './duckdb-layout.ts';
import { newSpoolFile } from './duckdb-spool.ts';
import type { DuckDbStore } from './duckdb-store.ts';

/** Parquet is written to the spool by the engine, since its footer comes last, and sent from there. */
export async function* streamParquet(
  store: DuckDbStore,
  query: StreamQuery,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const file = newSpoolFile(store.options.spoolDir, 'parquet');
  try {
    const { select, parameters } = selectColumns(query);
    const sql = `COPY (${select}) TO ${literal(file)} (FORMAT parquet)`;
    await store.options.gate.run(signal, () =>
      store.withSession((session) => session.interruptible(signal, () => session.run(sql, parameters.values))),
    );
    yield* createReadStream(file, { highWaterMark: 256 * 1024, signal });
  } finally {
    await rm(file, { force: true });
  }
}

function selectColumns(query: StreamQuery): { select: string; parameters: SqlParameters } {
  const parameters = new SqlParameters();
  const condition = compileFilter(query.filter, duckDbDialect, parameters);
  const columns = flatColumns(query.dataset, query.fields).map(({ name, field }) => {
    const column = fieldColumn(field);
    const type = typeOfField(field).name;
    const typed = type === 'JSON' ? `${column}::JSON` : type === 'TIMESTAMP' ? `${column}::TIMESTAMPTZ` : column;
    return `${typed} AS ${identifier(name)}`;
  });
  const order = query.sort.length > 0 ? ` ORDER BY ${compileSort(query.sort, duckDbDialect)}` : '';
  const limit = query.limit === null ? '' : ` LIMIT ${query.limit}`;
  const select = `SELECT ${columns.join(', ')} FROM ${currentTable(query.dataset)} WHERE ${condition}${order}${limit}`;
  return { select, parameters };
}
