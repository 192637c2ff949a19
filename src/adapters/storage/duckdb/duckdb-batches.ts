import type { DuckDBDataChunk } from '@duckdb/node-api';
import { typeOfField } from '#domain/query/field.ts';
import type { StreamQuery } from '#domain/query/query.ts';
import type { ColumnSchema, RecordBatch } from '#domain/record/batch.ts';
import { type FlatColumn, flatColumns } from '#domain/record/flat-columns.ts';
import { translateDuckDbError } from './duckdb-errors.ts';
import { fieldColumn } from './duckdb-layout.ts';
import { readSlices, type Slice } from './duckdb-slices.ts';
import type { DuckDbStore } from './duckdb-store.ts';
import { type ChunkCopier, copierOf } from './duckdb-vectors.ts';

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
  for await (const { batch } of readSlices(store, query, signal, (slice) => readSlice(slice, columns))) yield batch;
}

async function readSlice(slice: Slice, columns: readonly FlatColumn[]): Promise<{ rows: number; batch: RecordBatch }> {
  const select = columns.map(({ field }) => fieldColumn(field)).join(', ');
  const copiers = columns.map(({ field }) => copierOf(typeOfField(field)));
  const rows = await copyChunks(slice, `SELECT ${select} ${slice.from} ORDER BY rowid`, copiers);
  return { rows, batch: { length: rows, columns: copiers.map((copier) => copier.finish(rows)) } };
}

async function copyChunks(slice: Slice, sql: string, copiers: readonly ChunkCopier[]): Promise<number> {
  try {
    const result = await slice.session.materialize(sql, slice.parameters.values);
    const chunks: DuckDBDataChunk[] = [];
    let rows = 0;
    for (let index = 0; index < result.chunkCount; index++) {
      const chunk = result.getChunk(index);
      chunks.push(chunk);
      rows += chunk.rowCount;
    }
    for (const copier of copiers) copier.reserve(rows);
    for (const chunk of chunks) {
      copiers.forEach((copier, index) => {
        copier.append(chunk, index);
      });
    }
    return rows;
  } catch (error) {
    throw translateDuckDbError(error);
  }
}
