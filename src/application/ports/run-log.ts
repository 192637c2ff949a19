import type { Dataset } from '#domain/dataset/dataset.ts';
import type { RunWork } from '#domain/record/run-work.ts';

export interface RunWorkRequest {
  readonly dataset: Dataset;
  /** The run by which its commits are marked (`Origin`). */
  readonly run: string;
  readonly limit: number;
  readonly signal: AbortSignal;
}

/** What runs have done, by the origin of their commits. */
export interface RunLog {
  /** What a run did to a dataset that still stands, and what others did to it since; of one snapshot. */
  readRun(request: RunWorkRequest): Promise<RunWork>;
}
