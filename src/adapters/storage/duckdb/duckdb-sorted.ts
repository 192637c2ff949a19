import type { DuckDBDataChunk } from '@duckdb/node-api';
import type { StreamQuery } from '#domain/query/query.ts';
import { compileFilter, compileSort, SqlParameters } from '../sql/compile-filter.ts';
import { duckDbDialect } from './duckdb-dialect.ts';
import { currentTable } from './duckdb-layout.ts';
import type { DuckDbStore } from './duckdb-store.ts';

/** Rows that are handed over at once: a few dozen of the engine's chunks. */
const BLOCK_ROWS = 61_440;

/**
 * The rows of a query that sorts. The engine sorts, on disk where memory does not do, and gives the result out chunk by
 * chunk; each block of chunks is fetched behind the admission gate.
 * @param select what to select of each row
 */
export async function* readSorted(
  store: DuckDbStore,
  query: StreamQuery,
  signal: AbortSignal,
  select: string,
): AsyncGenerator<{ readonly chunks: readonly DuckDBDataChunk[]; readonly rows: number }> {
  const parameters = new SqlParameters();
  const condition = compileFilter(query.filter, duckDbDialect, parameters);
  const limit = query.limit === null ? '' : ` LIMIT ${query.limit}`;
  const sql =
    `SELECT ${select} FROM ${currentTable(query.dataset)} WHERE ${condition} ` +
    `ORDER BY ${compileSort(query.sort, duckDbDialect)}${limit}`;
  const session = await store.borrow();
  const { gate } = store.options;
  try {
    const next = await gate.run(signal, () =>
      session.interruptible(signal, () => session.stream(sql, parameters.values)),
    );
    for (;;) {
      const block = await gate.run(signal, () => session.interruptible(signal, () => fetchBlock(next)));
      if (block.rows === 0) return;
      yield block;
    }
  } finally {
    store.giveBack(session);
  }
}

async function fetchBlock(next: () => Promise<DuckDBDataChunk | null>) {
  const chunks: DuckDBDataChunk[] = [];
  let rows = 0;
  while (rows < BLOCK_ROWS) {
    const chunk = await next();
    if (chunk === null) break;
    chunks.push(chunk);
    rows += chunk.rowCount;
  }
  return { chunks, rows };
}
