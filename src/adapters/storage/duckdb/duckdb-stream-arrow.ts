import type { StreamQuery } from '#domain/query/query.ts';
import { writeArrowStream } from '#formats/arrow/write-arrow.ts';
import { readBatches } from './duckdb-batches.ts';
import type { DuckDbStore } from './duckdb-store.ts';

/** An Arrow IPC stream of a query's flat columns. */
export function streamArrow(store: DuckDbStore, query: StreamQuery, signal: AbortSignal): AsyncIterable<Uint8Array> {
  const { schema, batches } = readBatches(store, query, signal);
  return writeArrowStream(schema, batches);
}
