import type { DuckDBDataChunk } from '@duckdb/node-api';
import type { DbType } from '#domain/dataset/db-type.ts';
import { typeOfField } from '#domain/query/field.ts';
import type { StreamQuery } from '#domain/query/query.ts';
import type { ColumnSchema, RecordBatch } from '#domain/record/batch.ts';
import { type FlatColumn, namedColumns } from '#domain/record/flat-columns.ts';
import { fieldColumn } from './duckdb-layout.ts';
import { streamRows } from './duckdb-row-stream.ts';
import type { DuckDbStore } from './duckdb-store.ts';
import { copierOf } from './duckdb-vectors.ts';

/** Rows of a batch: the engine's chunks have 2 048 each. */
const BATCH_ROWS = 61_440;

/** A query's rows as columns: the engine's vectors copied into Arrow's layout, no value touched by itself. */
export function readBatches(
  store: DuckDbStore,
  query: StreamQuery,
  signal: AbortSignal,
  names?: readonly string[],
): { schema: readonly ColumnSchema[]; batches: AsyncIterable<RecordBatch> } {
  const columns = namedColumns(query.dataset, query.fields, names);
  return { schema: columns, batches: batchesOf(store, query, columns, signal) };
}

async function* batchesOf(
  store: DuckDbStore,
  query: StreamQuery,
  columns: readonly FlatColumn[],
  signal: AbortSignal,
): AsyncGenerator<RecordBatch> {
  const types = columns.map(({ field }) => typeOfField(field));
  const select = columns.map(({ field }) => fieldColumn(field)).join(', ');
  for await (const { chunks, rows } of streamRows(store, query, signal, select, BATCH_ROWS)) {
    yield batchOfChunks(types, chunks, rows);
  }
}

/** Chunks of the engine as one batch. */
export function batchOfChunks(types: readonly DbType[], chunks: readonly DuckDBDataChunk[], rows: number): RecordBatch {
  const columns = types.map((type, index) => {
    const copier = copierOf(type);
    copier.reserve(rows);
    for (const chunk of chunks) copier.append(chunk, index);
    return copier.finish(rows);
  });
  return { length: rows, columns };
}
