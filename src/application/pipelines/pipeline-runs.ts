import { DataForgeError } from '#domain/errors.ts';
import { type Job, type JobData, newJob } from '#domain/job/job.ts';
import type { BackfillWindow } from '#domain/pipeline/backfill.ts';
import type { Cursor } from '#domain/pipeline/cursor.ts';
import type { Pipeline } from '#domain/pipeline/pipeline.ts';
import { NO_COUNTS, NO_MEASURES, type PipelineRun } from '#domain/pipeline/run.ts';
import type { RunStarter } from '#domain/run/run-record.ts';
import { NEVER } from '../call.ts';
import type { Clock } from '../ports/clock.ts';
import type { RunHistory } from '../ports/run-history.ts';
import type { TaskQueue } from '../ports/task-queue.ts';

export interface PipelineRunsOptions {
  /** null where there are no pipelines to run. */
  readonly jobs: RunQueue | null;
  readonly history: RunHistory;
  readonly clock: Clock;
}

/** How a run is begun. */
export interface RunStart {
  readonly caller: string;
  readonly startedBy: RunStarter;
  readonly cursorBefore: Cursor | null;
  /** Of a backfill. */
  readonly window?: BackfillWindow | null;
  /** The W3C `traceparent` of who asked for it; null or absent: it begins a trace. */
  readonly traceParent?: string | null;
}

/** The task queue, opened when it is first needed. */
export interface RunQueue {
  open(): Promise<TaskQueue>;
  /** Sees to it that somebody carries runs out. */
  work(): Promise<void>;
}

/** The kind of the jobs that are runs of pipelines; the key is the pipeline, or says that it is a backfill of one. */
export const RUN_KIND = 'pipeline-run';
/** The same of those that only a server can carry out, because they are about its store. */
export const SERVER_RUN_KIND = 'server-run';
const KINDS = [RUN_KIND, SERVER_RUN_KIND];

const LONGEST_TIMER = 2 ** 31 - 1;
const MOST_ALIVE = 10_000;
/** How long a worker that is told to end a run may take before nobody waits for it any longer. */
const CANCEL_WAIT = 30_000;
/** How long the job of a run that has ended may take to end too. */
const END_WAIT = 5000;

/**
 * The runs that wait or go on, one a pipeline, as jobs of the task queue: whoever has a worker carries them out, and goes on
 * with those of a worker that died.
 */
export class PipelineRuns {
  readonly #jobs: RunQueue | null;
  readonly #history: RunHistory;
  readonly #clock: Clock;

  constructor({ jobs, history, clock }: PipelineRunsOptions) {
    this.#jobs = jobs;
    this.#history = history;
    this.#clock = clock;
  }

  /** The ordinary run of a pipeline that waits or goes on, as it stands. */
  find(pipeline: string): Promise<PipelineRun | null> {
    return this.#findByKey(pipeline);
  }

  /** The backfill of a pipeline that waits or goes on, as it stands. */
  findBackfill(pipeline: string): Promise<PipelineRun | null> {
    return this.#findByKey(backfillKey(pipeline));
  }

  /** A run that waits or goes on. */
  async get(id: string): Promise<PipelineRun | null> {
    const job = await this.#alive(id);
    return job === null ? null : this.#asItStands(job);
  }

  /** @throws DataForgeError `pipeline_busy` */
  async start(
    pipeline: Pipeline,
    { caller, startedBy, cursorBefore, window = null, traceParent = null }: RunStart,
  ): Promise<PipelineRun> {
    const run: PipelineRun = {
      id: crypto.randomUUID(),
      pipeline: pipeline.name,
      dataset: pipeline.kind === 'rows' ? pipeline.target.dataset : null,
      state: 'waiting',
      caller,
      startedBy,
      startedAt: this.#clock.now(),
      endedAt: null,
      counts: NO_COUNTS,
      measures: NO_MEASURES,
      part: null,
      error: null,
      log: [],
      cursorBefore,
      window,
      rolledBackAt: null,
    };
    const key = window === null ? pipeline.name : backfillKey(pipeline.name);
    const data = { run, traceParent };
    if (await this.#enqueue(data, key)) return run;
    const before = await this.#findByKey(key);
    if (before !== null && before.endedAt !== null) {
      // What became of it is known a moment before its job is over.
      await this.settled(before.id, END_WAIT, NEVER);
      if (await this.#enqueue(data, key)) return run;
    }
    const what = window === null ? 'run' : 'backfill';
    const message = `Pipeline "${pipeline.name}" has a ${what} under way; wait for its end, or cancel it.`;
    throw new DataForgeError('pipeline_busy', message);
  }

  /** @returns false where the key has a job already */
  async #enqueue(data: { readonly run: PipelineRun } & JobData, key: string): Promise<boolean> {
    const { run } = data;
    const [made] = (await (await this.#jobs?.open())?.enqueue([newJob(kindOf(run), data, { key })])) ?? [];
    if (!made?.isNew) return false;
    await this.#jobs?.work();
    return true;
  }

  /** Waits until a run has ended, or so many milliseconds are over. */
  async settled(id: string, milliseconds: number, signal: AbortSignal): Promise<void> {
    const queue = await this.#jobs?.open();
    const job = await this.#alive(id);
    if (queue === undefined || job === null) return;
    const waited = Promise.withResolvers<void>();
    const stop = queue.watch((told, state) => {
      if (told === job.id && state !== 'waiting' && state !== 'running') waited.resolve();
    });
    const timer = setTimeout(waited.resolve, Math.min(milliseconds, LONGEST_TIMER));
    const onAbort = () => waited.resolve();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      // It may have ended before anybody listened.
      const now = await queue.find(job.id);
      if (now?.state === 'waiting' || now?.state === 'running') await waited.promise;
    } finally {
      stop();
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Resumes each time that something has been heard of a run, and when it has ended, which is the last time. */
  async *heard(id: string, signal: AbortSignal): AsyncGenerator<void> {
    const queue = await this.#jobs?.open();
    const job = await this.#alive(id);
    if (queue === undefined || job === null) return;
    let next = Promise.withResolvers<boolean>();
    const stop = queue.watch((told, state) => {
      if (told === job.id) next.resolve(state === 'waiting' || state === 'running');
    });
    const onAbort = () => next.resolve(false);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      for (let goesOn = true; goesOn && !signal.aborted; ) {
        const now = await queue.find(job.id);
        if (now?.state !== 'waiting' && now?.state !== 'running') return;
        yield;
        goesOn = await next.promise;
        next = Promise.withResolvers<boolean>();
      }
    } finally {
      stop();
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Ends a run and waits until it has; what it stored stands. */
  async cancel(id: string): Promise<void> {
    const job = await this.#alive(id);
    if (job === null) return;
    const ended = this.settled(id, CANCEL_WAIT, new AbortController().signal);
    await (await this.#jobs?.open())?.cancel(job.id);
    await ended;
    if ((await this.#history.get(id)) !== null) return;
    const now = this.#clock.now();
    const log = [{ at: now, message: 'cancelled before it was begun' }];
    await this.#history.put({ ...runOf(job), state: 'cancelled', endedAt: now, log });
  }

  async #findByKey(key: string): Promise<PipelineRun | null> {
    const queue = await this.#jobs?.open();
    for (const kind of KINDS) {
      const job = await queue?.findByKey(kind, key);
      if (job) return this.#asItStands(job);
    }
    return null;
  }

  /** The job that a run is, where it waits or goes on. */
  async #alive(run: string): Promise<Job | null> {
    const queue = await this.#jobs?.open();
    for (const kind of KINDS) {
      const jobs = await queue?.list({ states: ['waiting', 'running'], kind, limit: MOST_ALIVE });
      const found = jobs?.find((job) => runOf(job).id === run);
      if (found !== undefined) return found;
    }
    return null;
  }

  /** What is kept of it, with what its worker has said since. */
  async #asItStands(job: Job): Promise<PipelineRun> {
    const kept = (await this.#history.get(runOf(job).id)) ?? runOf(job);
    const state = job.state === 'waiting' ? 'waiting' : 'running';
    return { ...kept, ...(job.progress as Partial<PipelineRun> | null), state };
  }
}

function kindOf({ dataset }: PipelineRun): string {
  return dataset === null ? SERVER_RUN_KIND : RUN_KIND;
}

/** Behind a control character, which no name of a pipeline has. */
function backfillKey(pipeline: string): string {
  return `${pipeline}\tbackfill`;
}

/** The run that a job is, as it was when it was put in. */
export function runOf({ data }: { readonly data: JobData }): PipelineRun {
  return data.run as PipelineRun;
}

/** What its trace goes on by; null where it begins one. */
export function traceParentOf({ data }: { readonly data: JobData }): string | null {
  return typeof data.traceParent === 'string' ? data.traceParent : null;
}
