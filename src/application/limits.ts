import type { FilterLimits } from '#domain/query/parse-filter.ts';

/** What one request may ask for; every figure comes from the configuration. Times in milliseconds. */
export interface Limits {
  readonly defaultPageSize: number;
  readonly maxPageSize: number;
  readonly filter: FilterLimits;
  readonly maxSortKeys: number;
  /** How long a page, a count or a point read may take, waiting included. */
  readonly queryTimeout: number;
  /** How old a stream may become. */
  readonly streamTimeout: number;
  readonly maxStreams: number;
  readonly defaultChanges: number;
  readonly maxChanges: number;
  /** Groups that an aggregation may have where the caller names no limit, and at most. */
  readonly defaultGroups: number;
  readonly maxGroups: number;
  /** Rows that a live query may have when it begins. */
  readonly maxWatchedRows: number;
  /** How long a request for changes may be held open. */
  readonly maxWait: number;
  /** Rows of a bulk request up to which they are written as one small request. */
  readonly inlineRows: number;
  /** Rows of an answer to SQL where the caller names no limit. */
  readonly defaultSqlRows: number;
  /** How long a query in SQL may take. */
  readonly maxSqlTime: number;
  /** Bytes of one streamed answer to SQL, and of one that is held in memory. */
  readonly maxSqlBytes: number;
  readonly maxSqlAnswerBytes: number;
  /** How long a request waits for its analysis before a job is answered. */
  readonly analysisWait: number;
  /** Bytes of rows that may be copied to a processor. */
  readonly maxProcessorInput: number;
}
