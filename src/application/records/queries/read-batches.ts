import type { Dataset } from '#domain/dataset/dataset.ts';
import type { ColumnSchema, RecordBatch } from '#domain/record/batch.ts';
import type { Call } from '../../call.ts';
import { streamWithTimeLimit } from '../../time-limit.ts';
import { openDataset } from '../open-dataset.ts';
import { type RawQuery, readQuery } from '../read-query.ts';
import { readLimit, type StreamRecordsPorts } from './stream-records.ts';

export interface ReadBatchesRequest extends RawQuery {
  readonly schema: string;
  readonly limit: number | null;
}

export interface ReadBatchesResult {
  readonly dataset: Dataset;
  readonly columns: readonly ColumnSchema[];
  /** Nothing is read before the first is asked for. */
  readonly batches: AsyncIterable<RecordBatch>;
}

/** All matching records as columns, for a protocol that has its own way of sending them. */
export function readBatches({ catalog, reader, limits, places }: StreamRecordsPorts) {
  return async (request: ReadBatchesRequest, call: Call): Promise<ReadBatchesResult> => {
    const { dataset } = openDataset(catalog, request.schema, call, 'read');
    const query = { ...readQuery(dataset, request, limits, call.observation), limit: readLimit(request.limit) };
    const { schema } = reader.batches(query, { at: null, signal: call.signal });
    const open = (signal: AbortSignal) => counted(reader.batches(query, { at: null, signal }).batches, call);
    return {
      dataset,
      columns: schema,
      batches: places.hold(streamWithTimeLimit(call.signal, limits.streamTimeout, open)),
    };
  };
}

async function* counted(batches: AsyncIterable<RecordBatch>, { observation }: Call): AsyncGenerator<RecordBatch> {
  for await (const batch of batches) {
    observation.rows += batch.length;
    yield batch;
  }
}
