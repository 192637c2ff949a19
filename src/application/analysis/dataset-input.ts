import type { AnalysisColumn } from '#domain/analysis/column.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { Filter, StreamQuery } from '#domain/query/query.ts';
import { type RecordBatch, sizeOfColumns } from '#domain/record/batch.ts';
import { flatColumns } from '#domain/record/flat-columns.ts';
import type { ProcessorInput } from '../ports/processor.ts';
import type { RecordReader } from '../ports/record-reader.ts';

export interface DatasetInputOptions {
  readonly reader: RecordReader;
  /** Bytes that may be copied to a processor. */
  readonly maxBytes: number;
  /** Told how many rows were copied. */
  readonly onRows: (rows: number) => void;
  /** Told how many milliseconds were waited for them. */
  readonly onWait: (milliseconds: number) => void;
}

/** The columns of a dataset as analyses speak of them. */
export function datasetColumns(dataset: Dataset): AnalysisColumn[] {
  return flatColumns(dataset, null).map(({ name, dbType, nullable, field }) => {
    return { name, dbType, nullable, system: field.kind === 'system' };
  });
}

/** The rows of a filter for a processor. */
export function datasetInput(dataset: Dataset, filter: Filter | null, options: DatasetInputOptions): ProcessorInput {
  const query: StreamQuery = { dataset, filter, sort: [], fields: null, limit: null };
  return {
    columns: datasetColumns(dataset),
    query,
    read: (columns, signal) => readColumns(query, columns, signal, options),
  };
}

async function* readColumns(
  query: StreamQuery,
  names: readonly string[],
  signal: AbortSignal,
  { reader, maxBytes, onRows, onWait }: DatasetInputOptions,
): AsyncGenerator<RecordBatch> {
  let bytes = 0;
  let asked = performance.now();
  for await (const batch of reader.batches(query, { at: null, signal, columns: names }).batches) {
    onWait(performance.now() - asked);
    bytes += sizeOfColumns(batch.columns);
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    onRows(batch.length);
    yield batch;
    asked = performance.now();
  }
}

function tooLarge(limit: number): DataForgeError {
  return new DataForgeError(
    'too_large',
    `The rows are more than the ${limit} bytes a processor may be given; narrow the filters, name fewer columns, or raise PROCESSOR_MAX_INPUT.`,
    { details: { limit } },
  );
}
