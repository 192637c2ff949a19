import type { Dataset } from '#domain/dataset/dataset.ts';
import type { SqlBatch, SqlColumn, SqlParameters, SqlType } from '#domain/sql/sql-type.ts';

/** Formats whose bytes a query can be answered in; `ndjson` is an object a row. */
export type SqlFormat = 'ndjson' | 'csv' | 'arrow' | 'parquet';

export interface SqlRequest {
  readonly sql: string;
  readonly parameters: SqlParameters;
  /** The datasets that can be read, each as a view of its name. */
  readonly datasets: readonly Dataset[];
  /** At most so many rows; null for all. */
  readonly limit: number | null;
  /** Ends the query inside the engine. */
  readonly signal: AbortSignal;
}

/** What a statement would answer, found without running it. */
export interface SqlDescription {
  readonly columns: readonly SqlColumn[];
  readonly parameters: readonly SqlPlaceholder[];
}

/** A placeholder of a query, in the order of those. */
export interface SqlPlaceholder {
  /** `1`, `2` …, or its name. */
  readonly name: string;
  /** What the query takes there; null where it takes anything. */
  readonly type: SqlType | null;
}

export interface SqlRows {
  readonly columns: readonly SqlColumn[];
  /** Ends the query when its consumer returns. */
  readonly batches: AsyncIterable<SqlBatch>;
}

/** People's read-only SQL. Nothing but the views of the datasets can be reached from it. */
export interface SqlRunner {
  /** @throws DataForgeError `invalid_sql` where it is not one readable SELECT over the datasets */
  describe(request: Omit<SqlRequest, 'limit' | 'parameters'>): Promise<SqlDescription>;
  /** @throws DataForgeError `invalid_sql`, `query_timeout`, `resources_exhausted`, `cancelled` */
  run(request: SqlRequest): Promise<SqlRows>;
  /** The same as bytes of a wire format. */
  render(
    request: SqlRequest,
    format: SqlFormat,
  ): Promise<{ readonly columns: readonly SqlColumn[]; readonly bytes: AsyncIterable<Uint8Array> }>;
}
