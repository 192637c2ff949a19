import type { Dataset } from '#domain/dataset/dataset.ts';
import type { RecordBatch } from '#domain/record/batch.ts';
import type { Origin } from '#domain/record/change.ts';
import type { StorePart } from '#domain/record/stored-columns.ts';
import type { StoredMark } from '#domain/record/write-groups.ts';

/** A whole store as it is read to be copied: one moment of it, which is never changed. */
export interface StoreExport {
  facts(): Promise<StoreFacts>;
  /** The rows of a part of a dataset in blocks of `storedColumns`, by ascending `orderColumn` from behind `after` on. */
  rows(dataset: Dataset, part: StorePart, after: number): AsyncIterable<RecordBatch>;
  /** All marks but those of `MIGRATION_MARK`, in any order. */
  marks(): AsyncIterable<readonly DatedMark[]>;
  close(): Promise<void>;
}

export interface StoreFacts {
  /** The highest sequence number. */
  readonly head: number;
  readonly datasets: readonly DatasetFacts[];
  /** Who made the rows, under the numbers that rows carry. */
  readonly origins: readonly NumberedOrigin[];
  readonly marks: number;
}

export interface DatasetFacts {
  readonly dataset: Dataset;
  readonly rows: Readonly<Record<StorePart, number>>;
  /** The highest number of a change that was forgotten; 0 for none. */
  readonly trimmedTo: number;
  /** The time of the last change, as microseconds since 1970; null where there was none. */
  readonly lastChange: string | null;
}

export interface NumberedOrigin extends Origin {
  readonly id: number;
}

export interface DatedMark extends StoredMark {
  /** A canonical timestamp. */
  readonly madeAt: string;
}

/** The kind of the marks in which an import keeps its note, under the key of its state. Unfinished, a store is opened by nobody else. */
export const MIGRATION_MARK = 'migration';

export interface ImportState {
  readonly state: 'empty' | 'unfinished' | 'finished' | 'other';
  /** What the last step was given to note; null where no copy was begun here. */
  readonly note: string | null;
}

/** A store that is made as a copy. Each step is one durable commit, together with a note of how far the copy has come. */
export interface StoreImport {
  state(): Promise<ImportState>;
  /** Makes the tables of an empty store, with its numbers and its origins. */
  begin(facts: StoreFacts, note: string): Promise<void>;
  addRows(dataset: Dataset, part: StorePart, batch: RecordBatch, note: string): Promise<void>;
  /** A mark that is there already is replaced. */
  addMarks(marks: readonly DatedMark[], note: string): Promise<void>;
  /** What has been copied so far, to be compared; nothing is added before it is closed. */
  reading(): Promise<StoreExport>;
  /** Makes the indexes; from then on the store may be opened. */
  finish(note: string): Promise<void>;
  close(): Promise<void>;
}
