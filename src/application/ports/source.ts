import type { Cursor } from '#domain/pipeline/cursor.ts';
import type { SourceKind } from '#domain/pipeline/pipeline.ts';
import type { ColumnSchema } from '#domain/record/batch.ts';
import type { BulkFormat } from './bulk-loader.ts';
import type { Clock } from './clock.ts';
import type { Secrets } from './secrets.ts';
import type { Web } from './web.ts';

/** What a source is opened with. */
export interface SourceOpening {
  /** Where the last stored batch ended; null: from the beginning. */
  readonly cursor: Cursor | null;
  readonly secrets: Secrets;
  readonly web: Web;
  readonly clock: Clock;
  /** Where relative paths of files begin. */
  readonly folder: string;
  /** About how many bytes of rows a batch has, and how long one may be in the making, in milliseconds. */
  readonly batch: { readonly bytes: number; readonly time: number };
  /** Ends the source wherever it is. */
  readonly signal: AbortSignal;
  /** Says something that a person should find in the log of the run. Secrets are taken out of it. */
  readonly note: (message: string) => void;
}

/** Rows as bytes of a bulk format; record batches travel as `arrow`. */
export interface SourceRows {
  readonly format: BulkFormat;
  /** Whole records, read once, with back-pressure. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** Rows that are stored together, or not at all. */
export interface SourceBatch {
  /** null where there are none, and only the cursor has moved. */
  readonly rows: SourceRows | null;
  /** Where to go on once these rows are stored; asked for when the body has been read to its end. */
  cursor(): Cursor;
  /** Which part of the whole run, from 0 to 1, is behind this batch; null where nobody knows. */
  part?(): number | null;
}

/** What a source tells of its rows without being read. */
export interface SourceDescription {
  readonly columns: readonly ColumnSchema[];
  /** Names of the natural key's columns; empty where it tells of none. */
  readonly key: readonly string[];
}

/** One kind of place that rows come from. */
export interface Source extends SourceKind {
  /**
   * Reads on from the cursor; ends where there is no more for now. The next batch is asked for when the one before is
   * stored. A source does not try again by itself: what may pass is thrown as `retryable`, and the source is opened
   * anew at the cursor of the last batch that was stored, not before `details.retryAt` (milliseconds since 1970) where
   * that is named.
   * @param options as its own group of options reads them
   * @throws DataForgeError `source_failed`, `invalid_configuration` (a secret that is not there, an address that is forbidden), `cancelled`
   */
  open(options: unknown, opening: SourceOpening): AsyncIterable<SourceBatch>;
  /** null, or no such method: the rows have to be looked at. */
  describe?(options: unknown, opening: SourceOpening): Promise<SourceDescription | null>;
}
