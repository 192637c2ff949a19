import { DelayedError, UnrecoverableError, WaitingError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { JobWorker, KindOfWork } from '#application/ports/task-queue.ts';
import { waitBefore } from '#domain/job/backoff.ts';
import type { JobData } from '#domain/job/job.ts';
import { Attempt, type AttemptOutcome } from '../shared/attempt.ts';
import { Words } from '../shared/words.ts';
import { jobId, type Kept, type KeptJob, readJob, writeError } from './redis-job.ts';
import type { RedisLanes } from './redis-lanes.ts';

export interface RedisWorkerOptions {
  readonly redis: Redis;
  readonly prefix: string;
  readonly lanes: RedisLanes;
  /** A worker that has not been heard of for so long is taken for dead, and its jobs are begun again. */
  readonly leaseMs: number;
}

/** How soon a job is looked at again that found its lane full. */
const LANE_WAIT_MS = 250;
const KEPT_LINES = 1000;

type JobOfWorker = Worker<Kept, JobData | null, string>;

/** Takes jobs out of Redis and does them; any number of these may run, on any number of machines. */
export class RedisWorker implements JobWorker {
  readonly #lanes: RedisLanes;
  readonly #workers: readonly JobOfWorker[];
  readonly #running = new Map<string, Attempt>();
  #isClosing = false;

  constructor(kinds: ReadonlyMap<string, KindOfWork>, { redis, prefix, lanes, leaseMs }: RedisWorkerOptions) {
    this.#lanes = lanes;
    this.#workers = [...kinds].map(([kind, work]) => {
      const worker: JobOfWorker = new Worker(kind, (job, token = '') => this.#do(job, token, work), {
        connection: redis,
        prefix,
        concurrency: work.concurrency,
        lockDuration: leaseMs,
        stalledInterval: leaseMs,
        // As many times as a process may end in the middle of a job.
        maxStalledCount: 3,
        settings: {
          backoffStrategy: (tried, _type, _error, job) => {
            const { backoff } = (job as KeptJob).data;
            return waitBefore(backoff, tried + 1, Math.random());
          },
        },
      });
      // Redis is away: the worker goes on by itself when it is back.
      worker.on('error', () => {});
      return worker;
    });
  }

  async ready(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.waitUntilReady()));
  }

  cancel(id: string): void {
    this.#running.get(id)?.stop('cancelled');
  }

  async close(grace: number): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    const stop = setTimeout(() => {
      for (const attempt of this.#running.values()) attempt.stop('given-back');
    }, grace);
    await Promise.all(this.#workers.map((worker) => worker.close()));
    clearTimeout(stop);
  }

  async #do(job: KeptJob, token: string, { run }: KindOfWork): Promise<JobData | null> {
    if (job.data.isCancelled) throw new UnrecoverableError('cancelled: The job was cancelled.');
    const id = jobId(job.name, String(job.id));
    const leave = job.data.lane === null ? null : await this.#lanes.enter(job.data.lane, id);
    if (job.data.lane !== null && leave === null) {
      await job.moveToDelayed(Date.now() + LANE_WAIT_MS, token);
      throw new DelayedError();
    }
    const words = new Words(async ({ progress, lines }) => {
      if (progress !== null) await job.updateProgress(progress);
      await Promise.all(lines.map((line) => job.log(line)));
      if (lines.length > 0) await job.clearLogs(KEPT_LINES);
    });
    const attempt = new Attempt(readJob(job, 'active'), run, {
      progress: (data) => words.progress(data),
      log: (line) => words.log(line),
    });
    this.#running.set(id, attempt);
    try {
      const outcome = await attempt.outcome;
      await words.write();
      return await settle(job, token, outcome);
    } finally {
      this.#running.delete(id);
      await leave?.().catch(() => {});
    }
  }
}

/** Says how an attempt came out in the way BullMQ is told. */
async function settle(job: KeptJob, token: string, outcome: AttemptOutcome): Promise<JobData | null> {
  switch (outcome.kind) {
    case 'done':
      return outcome.result;
    case 'cancelled':
      throw new UnrecoverableError('cancelled: The job was cancelled.');
    case 'given-back':
      await job.moveToWait(token);
      throw new WaitingError();
    case 'failed': {
      const text = writeError(outcome.error);
      throw outcome.mayPass ? new Error(text) : new UnrecoverableError(text);
    }
  }
}
