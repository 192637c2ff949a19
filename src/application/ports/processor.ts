import type { Analysis, OperationName } from '#domain/analysis/analysis.ts';
import type { AnalysisColumn } from '#domain/analysis/column.ts';
import type { StreamQuery } from '#domain/query/query.ts';
import type { ColumnSchema, RecordBatch } from '#domain/record/batch.ts';

/** Rows to compute with. */
export interface ProcessorInput {
  readonly columns: readonly AnalysisColumn[];
  /** What the rows are, for a processor that can go where they lie; null for rows that lie in no store. */
  readonly query: StreamQuery | null;
  /**
   * The rows as record batches of the columns named, in that order.
   * @throws DataForgeError `too_large` where they are more bytes than a processor may take in
   */
  read(columns: readonly string[], signal: AbortSignal): AsyncIterable<RecordBatch>;
}

export interface ComputeRequest {
  readonly analysis: Analysis;
  readonly input: ProcessorInput;
  /** The second dataset, for an operation that takes two. */
  readonly other: ProcessorInput | null;
  /** Ends the work wherever it is. */
  readonly signal: AbortSignal;
  /** Told now and then which part, from 0 to 1, of the step under way is done; an analysis may have several steps. */
  readonly onProgress?: (part: number) => void;
}

/** What came out, as one snapshot of what went in. */
export interface ComputedTable {
  readonly columns: readonly ColumnSchema[];
  readonly batches: AsyncIterable<RecordBatch>;
}

/**
 * One technology that computes analyses (`DATA_PROCESSOR_ENGINE`). It works off the main thread and gives the same
 * answers as the others, to the tolerance of the contract suite.
 */
export interface Processor {
  readonly name: string;
  /** Of the library beneath. */
  readonly version: string;
  /** Why it leaves an operation to the default processor, as the end of "NAME …"; null where it does it. */
  lackOf(operation: OperationName): string | null;
  /** @throws DataForgeError `query_timeout`, `cancelled`, `resources_exhausted`, `too_large`, `invalid_value` */
  compute(request: ComputeRequest): Promise<ComputedTable>;
  close(): Promise<void>;
}
