import type { Job, JobData, JobState, NewJob } from '#domain/job/job.ts';

/** A job while somebody works on it. */
export interface JobWork {
  readonly job: Job;
  /**
   * Fires when the job is cancelled, or the worker has to stop: then its reason is a `DataForgeError` with
   * `details.givenBack`, and the job will be begun again.
   */
  readonly signal: AbortSignal;
  /** Says how far it is; only the newest word counts. */
  progress(data: JobData): void;
  log(line: string): void;
}

/**
 * Does one kind of job. It may be begun again wherever it broke off, on another machine too: what it does must count once
 * however often it is done. What it throws is tried again, unless it is a `DataForgeError` that is not `retryable`.
 */
export type JobHandler = (work: JobWork) => Promise<JobData | null>;

/** How jobs of one kind are done. */
export interface KindOfWork {
  readonly run: JobHandler;
  /** So many at once. */
  readonly concurrency: number;
}

export interface JobWorker {
  /** Takes no more, and waits for what runs; after `grace` milliseconds that is stopped and given back. */
  close(grace: number): Promise<void>;
}

export interface Enqueued {
  readonly id: string;
  /** Whether there was none of its key. */
  readonly isNew: boolean;
}

export interface JobQuery {
  readonly states: readonly JobState[];
  readonly kind: string | null;
  readonly limit: number;
}

export interface QueueHealth {
  readonly ok: boolean;
  /** One sentence where not ok. */
  readonly problem: string | null;
  readonly engine: string;
  readonly engineVersion: string;
  readonly counts: Readonly<Record<Exclude<JobState, 'done' | 'cancelled'>, number>>;
}

/** Work that is done later by whoever is free. A job that was taken is durable, and is done at least once. */
export interface TaskQueue {
  /** When it resolves, the jobs outlive the process. @throws DataForgeError `unavailable` */
  enqueue(jobs: readonly NewJob[]): Promise<readonly Enqueued[]>;
  find(id: string): Promise<Job | null>;
  /** The job of a key that waits or runs. */
  findByKey(kind: string, key: string): Promise<Job | null>;
  /** Newest first. */
  list(query: JobQuery): Promise<readonly Job[]>;
  /** What a job has said, from its line `from` on, counted from 0; of very many lines the last ones are kept. */
  log(id: string, from: number): Promise<readonly string[]>;
  /** A waiting job will not run, a running one is told to stop, wherever it runs. @returns false where it has ended */
  cancel(id: string): Promise<boolean>;
  /** Lets a job that has failed or was cancelled run again. @returns false where it is none such */
  retry(id: string): Promise<boolean>;
  /** Begins to take jobs of these kinds. */
  work(kinds: ReadonlyMap<string, KindOfWork>): Promise<JobWorker>;
  /** Calls back with a job's state and progress as they change, here or elsewhere; returns how to stop that. */
  watch(listener: (id: string, state: JobState, progress: JobData | null) => void): () => void;
  health(): Promise<QueueHealth>;
  close(): Promise<void>;
}
