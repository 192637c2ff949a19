import type { Relation } from './relation-runner.ts';
import type { SourceRows } from './source.ts';

export interface TransformRequest {
  /** One SELECT, in the dialect of DuckDB, over the relation `batch` and the datasets. */
  readonly sql: string;
  readonly rows: SourceRows;
  /** The datasets that the SELECT may read beside the batch; only those it names are read. */
  readonly datasets: readonly Relation[];
  readonly signal: AbortSignal;
}

/** Makes other rows of the rows of a batch. */
export interface BatchTransformer {
  /**
   * Runs the SELECT over the whole batch, which is read to its end before the first row comes out.
   * @throws DataForgeError `invalid_sql` where it is not one SELECT that can be run, `invalid_body` for rows that cannot be read
   */
  select(request: TransformRequest): Promise<SourceRows>;
  /** The same rows as NDJSON, an object a line, a chunk being whole lines. */
  lines(rows: SourceRows, signal: AbortSignal): AsyncIterable<Uint8Array>;
}
