import type { ErrorCode } from '../errors.ts';
import type { RunStages, RunStarter } from '../run/run-record.ts';
import type { BackfillWindow } from './backfill.ts';
import type { Cursor } from './cursor.ts';

/**
 * `waiting`: nobody has begun it yet. `died`: its process ended before it did, and it will not be gone on with; what it stored
 * stands, and the next run goes on behind it.
 */
export type RunState = 'waiting' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'died';

/** What has begun a run; of one that a former version put in only its caller tells. */
export function starterOf({ startedBy, caller }: Pick<PipelineRun, 'startedBy' | 'caller'>): RunStarter {
  return startedBy ?? (caller === 'schedule' || caller === 'push' ? caller : 'request');
}

/** What a run has done to its target so far. */
export interface RunCounts {
  readonly batches: number;
  readonly created: number;
  readonly updated: number;
  /** Rows that were there already. */
  readonly ignored: number;
  /** Records that a replacing run did not bring any more. */
  readonly deleted: number;
  /** Rows set aside. */
  readonly rejected: number;
  /** Bytes of rows, decompressed. */
  readonly bytes: number;
  /** How often the source was opened anew after it failed. */
  readonly retries: number;
}

export const NO_COUNTS: RunCounts = {
  batches: 0,
  created: 0,
  updated: 0,
  ignored: 0,
  deleted: 0,
  rejected: 0,
  bytes: 0,
  retries: 0,
};

/** Rows that the source has given, whatever became of them. */
export function rowsOf({ created, updated, ignored, rejected }: RunCounts): number {
  return created + updated + ignored + rejected;
}

export function addCounts(counts: RunCounts, more: Partial<RunCounts>): RunCounts {
  const sum = { ...counts };
  for (const [name, value] of Object.entries(more)) sum[name as keyof RunCounts] += value;
  return sum;
}

/** Where and with what a run was carried out, and what it took. */
export interface RunMeasures {
  /** The process that carried it out, the last of them where there were several; null where nobody has begun it. */
  readonly instance: string | null;
  /** The settings its speed hangs on; no secrets. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly stages: RunStages;
  /** The most memory that its process had while it went on, by samples, in bytes. */
  readonly peakMemory: number | null;
}

export const NO_MEASURES: RunMeasures = { instance: null, settings: {}, stages: {}, peakMemory: null };

export interface RunLogLine {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly message: string;
}

/** One run of a pipeline, as it is remembered. Times in milliseconds since 1970. */
export interface PipelineRun {
  readonly id: string;
  readonly pipeline: string;
  /** The dataset that takes its rows; null: it is a job and has none. */
  readonly dataset: string | null;
  readonly state: RunState;
  /** The name of who asked for it; where nobody did, that of what began it. */
  readonly caller: string;
  /** None in runs of former versions; see `starterOf`. */
  readonly startedBy?: RunStarter;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly counts: RunCounts;
  readonly measures: RunMeasures;
  /** Which part of the whole, from 0 to 1, is done; null where nobody knows. */
  readonly part: number | null;
  readonly error: { readonly code: ErrorCode; readonly message: string } | null;
  /** The last lines of what it said. */
  readonly log: readonly RunLogLine[];
  /** Where its first batch began. */
  readonly cursorBefore: Cursor | null;
  /** The window of a backfill; null, or none in runs of former versions: an ordinary run. */
  readonly window?: BackfillWindow | null;
  /** When it was undone. */
  readonly rolledBackAt: number | null;
}
