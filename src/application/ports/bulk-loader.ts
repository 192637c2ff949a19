import type { Dataset } from '#domain/dataset/dataset.ts';
import type { Fault } from '#domain/errors.ts';
import type { ConflictPolicy, InvalidPolicy, MarkGuard, Origin } from '#domain/record/change.ts';

export type BulkFormat = 'ndjson' | 'json' | 'csv' | 'arrow' | 'parquet';

export interface BulkRequest {
  readonly dataset: Dataset;
  readonly format: BulkFormat;
  /** The body, already decompressed; read once, with back-pressure. */
  readonly body: AsyncIterable<Uint8Array>;
  readonly onInvalid: InvalidPolicy;
  readonly onConflict: ConflictPolicy;
  readonly marks: readonly BulkMark[];
  /** Where a mark is another when the load is committed, it fails with `version_moved`. */
  readonly guards?: readonly MarkGuard[];
  readonly origin: Origin;
  /** Also render, for each row sent, the record that now stands; for bodies whose size is bounded. */
  readonly returnRecords: boolean;
  /** Also delete, in the same commit, every record that stood before and that no row of the body means. */
  readonly removesOthers?: boolean;
  readonly signal: AbortSignal;
}

/** A small fact that becomes durable in the very commit of the rows. */
export interface BulkMark {
  readonly kind: string;
  readonly key: string;
  readonly value: (counts: BulkCounts) => string;
}

export interface BulkCounts {
  readonly created: number;
  readonly updated: number;
  readonly ignored: number;
  readonly rejected: number;
  /** Records that the body did not bring any more, where it `removesOthers`. */
  readonly deleted?: number;
  /** The first rejected rows, at most `MAX_REPORTED_REJECTIONS`. */
  readonly rejections: readonly Rejection[];
  /** The records in the order sent, as JSON with commas between, where they were asked for. */
  readonly recordsJson: Uint8Array | null;
}

export const MAX_REPORTED_REJECTIONS = 1000;

/** `line` counts from 1 in the body as sent, a CSV header included; for Arrow and Parquet it is the row. */
export interface Rejection {
  readonly line: number;
  readonly errors: readonly Fault[];
}

/** Large writes: a whole body of rows as one durable commit. */
export interface BulkLoader {
  /**
   * @throws DataForgeError `invalid_value` or `invalid_body` (nothing stored) with the first faults as details,
   * `key_exists`, `resources_exhausted`, `cancelled`
   */
  load(request: BulkRequest): Promise<BulkCounts>;
}
