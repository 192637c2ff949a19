import type { Row } from './value.ts';

/** A record as the domain knows it. */
export interface StoredRecord {
  readonly id: string;
  readonly row: Row;
  /** Canonical timestamps. */
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly version: number;
  readonly seq: number;
}

/** A record rendered by an engine in the API's shape; `json` is one JSON object without line breaks. */
export interface RenderedRecord {
  readonly id: string;
  readonly version: number;
  readonly json: string;
}

export type ChangeOperation = 'create' | 'update' | 'delete';

/** One version of one record in the changes feed; `json` is the feed's JSON object without line breaks. */
export interface RenderedChange {
  readonly seq: number;
  readonly operation: ChangeOperation;
  readonly id: string;
  readonly json: string;
  /** The record on either side of the change; only where it was asked for. */
  readonly images?: ChangeImages;
}

/** A record before and after a change; null where it did not stand. */
export interface ChangeImages {
  readonly before: StoredRecord | null;
  readonly after: StoredRecord | null;
}
