import type { DuckDBDataChunk } from '@duckdb/node-api';
import { typeOfField } from '#domain/query/field.ts';
import type { StreamQuery } from '#domain/query/query.ts';
import type { ColumnSchema, RecordBatch } from '#domain/record/batch.ts';
import { type FlatColumn, flatColumns } from '#domain/record/flat-columns.ts';
import { fieldColumn } from './duckdb-layout.ts';
import { readSlices, SLICE_ROWS, type Slice } from './duckdb-slices.ts';
import { readSorted } from './duckdb-sorted.ts';
import type { DuckDbStore } from './duckdb-store.ts';
import { copierOf } from './duckdb-vectors.ts';

/** A query's rows as columns: the engine's vectors copied into Arrow's layout, no value touched by itself. */
export function readBatches(
  store: DuckDbStore,
  query: StreamQuery,
  signal: AbortSignal,
): { schema: readonly ColumnSchema[]; batches: AsyncIterable<RecordBatch> } {
  const columns = flatColumns(query.dataset, query.fields);
  return { schema: columns, batches: batchesOf(store, query, columns, signal) };
}

async function* batchesOf(
  store: DuckDbStore,
  query: StreamQuery,
  columns: readonly FlatColumn[],
  signal: AbortSignal,
): AsyncGenerator<RecordBatch> {
  const select = columns.map(({ field }) => fieldColumn(field)).join(', ');
  if (query.sort.length > 0) {
    for await (const { chunks, rows } of readSorted(store, query, signal, select)) yield toBatch(columns, chunks, rows);
    return;
  }
  const read = (slice: Slice) => readSlice(slice, select, columns);
  for await (const { batch } of readSlices(store, query, signal, SLICE_ROWS.columns, read)) yield batch;
}

async function readSlice(
  slice: Slice,
  select: string,
  columns: readonly FlatColumn[],
): Promise<{ rows: number; batch: RecordBatch }> {
  const result = await slice.session.materialize(`SELECT ${select} ${slice.from}`, slice.parameters.values);
  const chunks = Array.from({ length: result.chunkCount }, (_, index) => result.getChunk(index));
  const rows = chunks.reduce((sum, chunk) => sum + chunk.rowCount, 0);
  return { rows, batch: toBatch(columns, chunks, rows) };
}

function toBatch(columns: readonly FlatColumn[], chunks: readonly DuckDBDataChunk[], rows: number): RecordBatch {
  const vectors = columns.map(({ field }, index) => {
    const copier = copierOf(typeOfField(field));
    copier.reserve(rows);
    for (const chunk of chunks) copier.append(chunk, index);
    return copier.finish(rows);
  });
  return { length: rows, columns: vectors };
}
