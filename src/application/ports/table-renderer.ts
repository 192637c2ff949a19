import type { ColumnSchema, RecordBatch } from '#domain/record/batch.ts';
import type { SqlFormat } from './sql-runner.ts';

/** Makes bytes of a wire format of a table that is held in memory. */
export interface TableRenderer {
  render(
    columns: readonly ColumnSchema[],
    batches: AsyncIterable<RecordBatch>,
    format: SqlFormat,
    signal: AbortSignal,
  ): AsyncIterable<Uint8Array>;
}
