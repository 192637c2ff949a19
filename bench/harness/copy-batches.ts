import type { DuckDBConnection } from '@duckdb/node-api';
import type { DbType } from '#domain/dataset/db-type.ts';
import type { RecordBatch } from '#domain/record/batch.ts';
import { copierOf } from '../../src/adapters/storage/duckdb/duckdb-vectors.ts';

const BATCH_ROWS = 32 * 2048;

/** Copies the chunks of a statement's result into Arrow buffers, batch by batch. */
export async function* copyBatches(
  connection: DuckDBConnection,
  sql: string,
  types: readonly DbType[],
): AsyncGenerator<RecordBatch> {
  const result = await connection.stream(sql);
  const makeCopiers = () =>
    types.map((type) => {
      const copier = copierOf(type);
      copier.reserve(BATCH_ROWS);
      return copier;
    });
  let copiers = makeCopiers();
  let rows = 0;
  for (;;) {
    const chunk = await result.fetchChunk();
    const isLast = chunk === null || chunk.rowCount === 0;
    if (isLast || rows + chunk.rowCount > BATCH_ROWS) {
      yield { length: rows, columns: copiers.map((copier) => copier.finish(rows)) };
      if (isLast) return;
      copiers = makeCopiers();
      rows = 0;
    }
    copiers.forEach((copier, column) => {
      copier.append(chunk, column);
    });
    rows += chunk.rowCount;
  }
}
