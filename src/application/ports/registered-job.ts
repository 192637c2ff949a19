import type { JobKind } from '#domain/pipeline/pipeline.ts';
import type { Json } from '#domain/record/json.ts';
import type { Clock } from './clock.ts';
import type { StoreHealth } from './maintenance.ts';

/** Which rows of a dataset are exported, and how they are written. */
interface ExportRequest {
  readonly dataset: string;
  readonly format: 'ndjson' | 'csv' | 'arrow' | 'parquet';
  readonly filters: Json;
}

/** What a job may do with the store: use cases, in the name of whoever asked for the run. */
export interface StoreUpkeep {
  /** Writes a consistent copy to a file that does not exist yet. */
  backup(to: string): Promise<void>;
  /** Forgets former versions that ceased to be true before a time, in milliseconds since 1970; null: of all datasets. */
  trimHistory(before: number, dataset: string | null): Promise<void>;
  /** Gives space back. */
  compact(): Promise<void>;
  health(): Promise<StoreHealth>;
  /** The rows as bytes, one snapshot; ended by the signal of the job. */
  export(request: ExportRequest): Promise<AsyncIterable<Uint8Array>>;
}

/** What a job is begun with. */
export interface JobOpening {
  /** The name of the pipeline. */
  readonly pipeline: string;
  readonly store: StoreUpkeep;
  readonly clock: Clock;
  /** Where relative paths begin. */
  readonly folder: string;
  /** Ends the job wherever it is. */
  readonly signal: AbortSignal;
  /** Says something that a person should find in the log of the run. */
  readonly note: (message: string) => void;
}

/** One kind of work that the server does when a pipeline says so. */
export interface RegisteredJob extends JobKind {
  /**
   * Does it. It may be begun again wherever it broke off, by another process too, and then has to leave nothing half done
   * behind. What may pass is thrown as `retryable` and tried again, as the pipeline says.
   * @param options as its own group of options reads them
   */
  run(options: unknown, opening: JobOpening): Promise<void>;
}
