import type { ColumnSchema, RecordBatch } from '#domain/record/batch.ts';
import type { ProcessorInput } from './processor.ts';

/** Rows under the name by which SQL reads them. */
export interface Relation {
  readonly name: string;
  readonly input: ProcessorInput;
  /** The columns that will be asked for. */
  readonly columns: readonly string[];
}

/**
 * Relations as one snapshot. Each has, besides its columns, `_order`, which tells its rows apart and has their order: that of
 * their ids in a store, else that in which they came. `close` must be called.
 */
export interface OpenRelations {
  /**
   * Runs one SELECT over the relations; the SQL is the processor's own, in the dialect of DuckDB.
   * @param columns the result's columns in order; each is cast to its type
   */
  select(sql: string, columns: readonly ColumnSchema[]): AsyncIterable<RecordBatch>;
  close(): Promise<void>;
}

/** SQL where the rows are: an engine lets a processor compute in it, without a row being copied out. */
export interface RelationRunner {
  /**
   * @param onProgress told now and then which part of the SELECT under way is done, where that is known
   * @throws DataForgeError `resources_exhausted`, `too_large`, `cancelled`
   */
  open(
    relations: readonly Relation[],
    signal: AbortSignal,
    onProgress?: (part: number) => void,
  ): Promise<OpenRelations>;
}
