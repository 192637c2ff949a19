import type { ErrorCode } from '../errors.ts';

/** Plain JSON: what a job is told, what it tells on its way, what it comes to. */
export type JobData = Readonly<Record<string, unknown>>;

/**
 * `waiting` until its time comes and somebody is free; `failed` once all attempts have failed, and it stays so until it is
 * tried again by hand.
 */
export type JobState = 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';

/** How long to wait before a job is tried again, in milliseconds. */
export interface Backoff {
  /** Before the second attempt; each further one waits twice as long. */
  readonly first: number;
  readonly most: number;
}

/** Jobs of one name of which only so many run at once. */
export interface Lane {
  readonly name: string;
  readonly limit: number;
}

/** Something to do later. */
export interface NewJob {
  /** Whose work it is. */
  readonly kind: string;
  readonly data: JobData;
  /** While a job of this kind and key waits or runs, no other is made. */
  readonly key: string | null;
  readonly lane: Lane | null;
  /** From -1000 to 1000; higher ones go first, equal ones in their order. */
  readonly priority: number;
  /** Not before so many milliseconds have passed. */
  readonly delay: number;
  /** How often it is tried. */
  readonly attempts: number;
  readonly backoff: Backoff;
}

/** A job as it stands. Times in milliseconds since 1970. */
export interface Job {
  readonly id: string;
  readonly kind: string;
  readonly data: JobData;
  readonly key: string | null;
  readonly lane: Lane | null;
  readonly priority: number;
  readonly state: JobState;
  /** How often it has been tried and has failed, or ended. */
  readonly tried: number;
  readonly attempts: number;
  readonly backoff: Backoff;
  readonly progress: JobData | null;
  readonly result: JobData | null;
  /** What the last attempt failed of. */
  readonly error: JobError | null;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}

export interface JobError {
  readonly code: ErrorCode;
  readonly message: string;
}

const ONE_MINUTE = 60_000;

/** A job that is tried once, as soon as can be. */
export function newJob(kind: string, data: JobData, more: Partial<NewJob> = {}): NewJob {
  const backoff = { first: 1000, most: ONE_MINUTE };
  return { kind, data, key: null, lane: null, priority: 0, delay: 0, attempts: 1, backoff, ...more };
}
