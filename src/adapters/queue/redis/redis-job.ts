import type { Job as BullJob } from 'bullmq';
import { ERROR_TITLES, type ErrorCode } from '#domain/errors.ts';
import type { Backoff, Job, JobData, JobError, JobState, Lane, NewJob } from '#domain/job/job.ts';

/** What is kept of a job in Redis beside what BullMQ keeps. */
export interface Kept {
  readonly data: JobData;
  readonly key: string | null;
  readonly lane: Lane | null;
  readonly priority: number;
  readonly backoff: Backoff;
  /** Nobody is to begin it, or go on with it. */
  readonly isCancelled: boolean;
}

export type KeptJob = BullJob<Kept, JobData | null, string>;

/** BullMQ takes lower numbers first, and those without a number before all others. */
const MOST_PRIORITY = 1001;

export function keptOf({ data, key, lane, priority, backoff }: NewJob): Kept {
  return { data, key, lane, priority, backoff, isCancelled: false };
}

/** The priority in BullMQ. */
export function bullPriority(priority: number): number {
  return MOST_PRIORITY - priority;
}

/** Ids name the queue that a job is in; a queue has the jobs of one kind. */
export function jobId(kind: string, id: string): string {
  return `${kind}.${id}`;
}

/** @returns null where the text is no id */
export function splitId(id: string): { readonly kind: string; readonly id: string } | null {
  const dot = id.lastIndexOf('.');
  return dot < 1 ? null : { kind: id.slice(0, dot), id: id.slice(dot + 1) };
}

/** A failure as the one text that BullMQ keeps of it. */
export function writeError({ code, message }: JobError): string {
  return `${code}: ${message}`;
}

function readError(text: string): JobError {
  const [, code = '', message = ''] = /^(\w+): (.*)$/s.exec(text) ?? [];
  return code in ERROR_TITLES ? { code: code as ErrorCode, message } : { code: 'internal', message: text };
}

const STATES: Readonly<Record<string, JobState>> = { active: 'running', completed: 'done', failed: 'failed' };

/** @param bullState as BullMQ names it */
export function readJob(job: KeptJob, bullState: string): Job {
  const { data, key, lane, priority, backoff, isCancelled } = job.data;
  const known = STATES[bullState] ?? 'waiting';
  const state = isCancelled && known !== 'running' && known !== 'done' ? 'cancelled' : known;
  const progress = typeof job.progress === 'object' ? (job.progress as JobData) : null;
  const isEnded = state === 'done' || state === 'failed' || state === 'cancelled';
  return {
    id: jobId(job.name, String(job.id)),
    kind: job.name,
    data,
    key,
    lane,
    priority,
    state,
    tried: job.attemptsMade,
    attempts: job.opts.attempts ?? 1,
    backoff,
    progress,
    result: state === 'done' ? (job.returnvalue ?? null) : null,
    error: job.failedReason && state !== 'done' && state !== 'cancelled' ? readError(job.failedReason) : null,
    createdAt: job.timestamp,
    startedAt: state === 'waiting' ? null : (job.processedOn ?? null),
    endedAt: isEnded ? (job.finishedOn ?? null) : null,
  };
}
