import type { DuckDBDataChunk } from '@duckdb/node-api';
import type { StreamQuery } from '#domain/query/query.ts';
import { compileFilter, compileSort, SqlParameters } from '../sql/compile-filter.ts';
import { duckDbDialect } from './duckdb-dialect.ts';
import { currentTable } from './duckdb-layout.ts';
import type { DuckDbStore } from './duckdb-store.ts';

/** Rows of a stream that the engine handed over together, in its own chunks. */
export interface ChunkBlock {
  readonly chunks: readonly DuckDBDataChunk[];
  readonly rows: number;
}

/**
 * The rows of a query, in storage order unless it sorts, as one snapshot. The engine makes them ahead of the reader as
 * far as its streaming buffer goes, and rests where nobody reads. Each block is fetched behind the admission gate, the
 * next one while the consumer takes the last.
 * @param select what to select of each row
 * @param blockRows rows to hand over at once
 */
export async function* streamRows(
  store: DuckDbStore,
  query: StreamQuery,
  signal: AbortSignal,
  select: string,
  blockRows: number,
): AsyncGenerator<ChunkBlock> {
  const { sql, parameters } = selectRows(query, select);
  const session = await store.borrow();
  const gated = <T>(work: () => Promise<T>) =>
    store.options.gate.run(signal, () => session.interruptible(signal, work));
  let pending: Promise<ChunkBlock> | null = null;
  try {
    const next = await gated(() => session.stream(sql, parameters.values, signal));
    for (;;) {
      const block: ChunkBlock = await (pending ?? gated(() => fetchBlock(next, blockRows)));
      if (block.rows === 0) return;
      pending = gated(() => fetchBlock(next, blockRows));
      pending.catch(() => {});
      yield block;
    }
  } finally {
    await pending?.catch(() => {});
    await session.endStream();
    store.giveBack(session);
  }
}

/** The statement of a stream. */
export function selectRows(
  query: StreamQuery,
  select: string,
  parameters = new SqlParameters(),
): { sql: string; parameters: SqlParameters } {
  const condition = compileFilter(query.filter, duckDbDialect, parameters);
  const order = query.sort.length > 0 ? ` ORDER BY ${compileSort(query.sort, duckDbDialect)}` : '';
  const limit = query.limit === null ? '' : ` LIMIT ${query.limit}`;
  return { sql: `SELECT ${select} FROM ${currentTable(query.dataset)} WHERE ${condition}${order}${limit}`, parameters };
}

async function fetchBlock(next: () => Promise<DuckDBDataChunk | null>, blockRows: number): Promise<ChunkBlock> {
  const chunks: DuckDBDataChunk[] = [];
  let rows = 0;
  while (rows < blockRows) {
    const chunk = await next();
    if (chunk === null) break;
    chunks.push(chunk);
    rows += chunk.rowCount;
  }
  return { chunks, rows };
}
