import type { BackfillWindow } from '#domain/pipeline/backfill.ts';
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
  /** Only rows whose field has a value of the window, for sources that have a `windowField`; `cursor` is one within it. */
  readonly window?: BackfillWindow | null;
  /** Who asked for the run. */
  readonly caller: string;
  readonly secrets: Secrets;
  readonly web: Web;
  readonly clock: Clock;
  /** Where relative paths of files begin. */
  readonly folder: string;
  /** About how many bytes of rows a batch has, and how long one may be in the making, in milliseconds. */
  readonly batch: { readonly bytes: number; readonly time: number };
  /** Files that were written to within so many milliseconds are left for the next time; absent or 0: none. */
  readonly settle?: number;
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

/** What is known of a place before there is a pipeline that reads it. */
export interface SurveyRequest {
  /** An address, or a path from the folder of the pipeline files. */
  readonly address: string;
  /** Which of the place's relations is meant: a table, an entity set, a field of GraphQL; null: the only one. */
  readonly relation: string | null;
  readonly access: SurveyAccess | null;
  /** What is said to a feed so that it sends something. */
  readonly send: string | null;
  /** Whether the place is said to be of this kind, so that nothing has to tell it from others. */
  readonly isNamed: boolean;
}

/** By what the place knows who asks; the secret stands in the file by its name alone. */
export interface SurveyAccess {
  readonly secret: string;
  /** The user whose password the secret is. */
  readonly user: string | null;
  /** The header, or the parameter of the address, that takes the secret. */
  readonly header: string | null;
  readonly param: string | null;
}

/** The members of an object in a pipeline file, by their names there. */
export type FileMembers = Readonly<Record<string, unknown>>;

/** What a place looks like to its kind of source. */
export interface Survey {
  /** What `source` says besides its kind; what is left out has its default. */
  readonly members: FileMembers;
  /** The same for a first look at its rows, where that differs. */
  readonly sample?: FileMembers;
  /** What its rows are called. */
  readonly name: string;
  /** What was seen that a person should look at, a sentence each. */
  readonly notes: readonly string[];
  /** null: its rows have to be looked at. */
  readonly description: SourceDescription | null;
  /** Whether a run without `incremental` gives all rows again, or those alone that no run has had. */
  readonly gives: 'all rows' | 'new rows';
  /** The member `incremental` for a column; null where the kind has none. */
  readonly incremental: ((column: string) => FileMembers) | null;
}

/** One kind of place that rows come from. */
export interface Source extends SourceKind {
  /**
   * Whether it gives all there is as one batch each time, and no batch where nothing has changed since the cursor: what it
   * would have replaced stays then.
   */
  readonly isSnapshot?: boolean;
  /**
   * Reads on from the cursor; ends where there is no more for now. The next batch is asked for when the one before is
   * stored. A source does not try again by itself: what may pass is thrown as `retryable`, and the source is opened
   * anew at the cursor of the last batch that was stored, not before `details.retryAt` (milliseconds since 1970) where
   * that is named.
   * @param options as its own group of options reads them
   * @throws DataForgeError `source_failed`, `invalid_configuration` (a secret that is not there, an address that is forbidden), `cancelled`
   */
  open(options: unknown, opening: SourceOpening): AsyncIterable<SourceBatch>;
  /**
   * The field by whose values rows of a window can be read; null where these options name none. No such method: a source
   * of this kind cannot read a window.
   */
  windowField?(options: unknown): string | null;
  /**
   * When what it reads has changed last, in milliseconds since 1970, changes after `before` aside; 0 where there is nothing.
   * There where `tellsChanges` says so.
   */
  lastChange?(options: unknown, place: { readonly folder: string; readonly before: number }): Promise<number>;
  /** null, or no such method: the rows have to be looked at. */
  describe?(options: unknown, opening: SourceOpening): Promise<SourceDescription | null>;
  /**
   * Looks at a place of which only the address is known; null where it is none of this kind.
   * @throws DataForgeError `source_failed`, `invalid_parameter` where it has to be said which relation is meant
   */
  survey?(request: SurveyRequest, opening: SourceOpening): Promise<Survey | null>;
}
