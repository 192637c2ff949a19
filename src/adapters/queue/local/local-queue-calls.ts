import type { Enqueued, JobQuery, QueueHealth } from '#application/ports/task-queue.ts';
import type { Job, JobState, NewJob } from '#domain/job/job.ts';
import type { Told } from '../shared/words.ts';
import type { AttemptEnd, Claimed } from './local-jobs.ts';

/** What the thread of a local queue can be asked. Times in milliseconds since 1970. */
export interface QueueCalls {
  enqueue: { argument: { jobs: readonly NewJob[]; now: number }; result: readonly Enqueued[] };
  claim: { argument: { free: ReadonlyMap<string, number>; now: number }; result: Claimed };
  tell: { argument: { id: string; told: Told }; result: undefined };
  end: { argument: { id: string; end: AttemptEnd; told: Told; now: number }; result: JobState };
  cancel: { argument: { id: string; now: number }; result: 'waiting' | 'running' | null };
  retry: { argument: { id: string; now: number }; result: boolean };
  find: { argument: { id: string }; result: Job | null };
  findByKey: { argument: { kind: string; key: string }; result: Job | null };
  list: { argument: JobQuery; result: readonly Job[] };
  log: { argument: { id: string; from: number }; result: readonly string[] };
  counts: { argument: null; result: QueueHealth['counts'] };
  close: { argument: null; result: undefined };
}

export interface QueueCall {
  readonly id: number;
  readonly method: keyof QueueCalls;
  readonly argument: unknown;
}

/** `code`: SQLite's result code, where it was that which failed. */
export type QueueAnswer =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly message: string; readonly code: number | null };
