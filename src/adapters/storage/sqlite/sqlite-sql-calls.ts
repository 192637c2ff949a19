import type { SqlPlaceholder } from '#application/ports/sql-runner.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import type { SqlBatch, SqlColumn, SqlParameters } from '#domain/sql/sql-type.ts';
import type { WireError } from './sqlite-wire.ts';

/** A query as its process is told of it. */
export interface SqlQuery {
  readonly path: string;
  /** Where what does not fit into memory is sorted. */
  readonly spoolDir: string;
  readonly sql: string;
  /** null where the query is only described. */
  readonly parameters: SqlParameters | null;
  readonly datasets: readonly Dataset[];
  readonly limit: number | null;
  /** What the process may take for itself. */
  readonly memoryBytes: number;
}

export type ToSqlProcess = { readonly kind: 'start'; readonly query: SqlQuery } | { readonly kind: 'next' | 'end' };

export type FromSqlProcess =
  | {
      readonly kind: 'described';
      readonly columns: readonly SqlColumn[];
      readonly placeholders: readonly SqlPlaceholder[];
    }
  /** The first rows, with the columns that they show. */
  | { readonly kind: 'started'; readonly columns: readonly SqlColumn[]; readonly batch: SqlBatch | null }
  | { readonly kind: 'batch'; readonly batch: SqlBatch | null }
  | { readonly kind: 'ended' }
  | { readonly kind: 'failure'; readonly error: WireError };
