import type { Dataset } from '#domain/dataset/dataset.ts';
import type { Aggregation } from '#domain/query/aggregation.ts';
import type { Filter, PageQuery, Position, StreamQuery } from '#domain/query/query.ts';
import type { ColumnSchema, RecordBatch } from '#domain/record/batch.ts';
import type { RenderedRecord } from '#domain/record/record.ts';
import type { Value } from '#domain/record/value.ts';

/** Formats a stream can be asked for; `ndjson` is records, `ndjson-flat` and the others flat columns. */
export type StreamFormat = 'ndjson' | 'ndjson-flat' | 'csv' | 'arrow' | 'parquet';

export interface ReadOptions {
  /** The sequence number to read as of; null for the newest. */
  readonly at: number | null;
  /** Ends the work inside the engine. */
  readonly signal: AbortSignal;
}

export interface BatchOptions extends ReadOptions {
  /** Only these of the columns, in this order; else `id`, the properties, `created_at`, `updated_at`, `version`. */
  readonly columns?: readonly string[];
}

export interface RecordPage {
  readonly records: readonly RenderedRecord[];
  /** How many records match in all, in the same snapshot. */
  readonly total: number;
  /** Where the last record of the page stands, null for an empty page. */
  readonly last: Position | null;
  /** Where any of them stands, by its place on the page. */
  positionAt(index: number): Position;
}

/** Reads. Every answer is one snapshot of the store. */
export interface RecordReader {
  page(query: PageQuery, options: ReadOptions): Promise<RecordPage>;
  count(dataset: Dataset, filter: Filter | null, options: ReadOptions): Promise<number>;
  /** @returns the groups of an aggregation in its order, each as the canonical values of its keys and measures */
  aggregate(query: Aggregation, options: ReadOptions): Promise<readonly (readonly Value[])[]>;
  /** @returns for each id, in order, the record or null */
  byIds(dataset: Dataset, ids: readonly string[], options: ReadOptions): Promise<readonly (RenderedRecord | null)[]>;
  /** @returns for each natural key (canonical values in key order), in order, the record or null */
  byKeys(
    dataset: Dataset,
    keys: readonly (readonly Value[])[],
    options: ReadOptions,
  ): Promise<readonly (RenderedRecord | null)[]>;
  /** How the engine would go about a page or a stream, for a person to read; null where it has no plan to show. */
  explain(query: PageQuery | StreamQuery): Promise<string | null>;
  /** Bytes of a wire format, in storage order unless the query sorts. Ends early when the consumer returns. */
  stream(query: StreamQuery, format: StreamFormat, options: ReadOptions): AsyncIterable<Uint8Array>;
  /** The same rows as columns. */
  batches(
    query: StreamQuery,
    options: BatchOptions,
  ): { readonly schema: readonly ColumnSchema[]; readonly batches: AsyncIterable<RecordBatch> };
}
