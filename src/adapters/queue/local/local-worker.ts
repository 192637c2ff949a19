import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '#application/ports/clock.ts';
import type { JobWorker, KindOfWork } from '#application/ports/task-queue.ts';
import { waitBefore } from '#domain/job/backoff.ts';
import type { Job, JobState } from '#domain/job/job.ts';
import { Attempt } from '../shared/attempt.ts';
import type { JobListeners } from '../shared/job-listeners.ts';
import { Words } from '../shared/words.ts';
import type { LocalQueueClient } from './local-queue-client.ts';

/** The longest that a timer is set for; then it is looked again. */
const LONGEST_SLEEP_MS = 60_000;
/** How long to wait before the end of a job that could not be written down is written again. */
const BETWEEN_WRITES_MS = 500;

/** Takes jobs out of a local queue and does them, so many at once. */
export class LocalWorker implements JobWorker {
  readonly #client: LocalQueueClient;
  readonly #clock: Clock;
  readonly #listeners: JobListeners;
  readonly #kinds: ReadonlyMap<string, KindOfWork>;
  readonly #running = new Map<string, Attempt>();
  readonly #ends = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #isClaiming = false;
  #isWoken = false;
  #isClosing = false;

  constructor(client: LocalQueueClient, clock: Clock, listeners: JobListeners, kinds: ReadonlyMap<string, KindOfWork>) {
    this.#client = client;
    this.#clock = clock;
    this.#listeners = listeners;
    this.#kinds = kinds;
  }

  /** Looks whether there is something to do. */
  wake(): void {
    this.#isWoken = true;
    if (!this.#isClaiming) void this.#claim();
  }

  cancel(id: string): void {
    this.#running.get(id)?.stop('cancelled');
  }

  async close(grace: number): Promise<void> {
    this.#isClosing = true;
    clearTimeout(this.#timer);
    const stop = setTimeout(() => {
      for (const attempt of this.#running.values()) attempt.stop('given-back');
    }, grace);
    while (this.#isClaiming || this.#ends.size > 0) {
      await Promise.all(this.#ends);
      await new Promise((resolve) => setImmediate(resolve));
    }
    clearTimeout(stop);
  }

  async #claim(): Promise<void> {
    this.#isClaiming = true;
    try {
      while (this.#isWoken && !this.#isClosing) {
        this.#isWoken = false;
        const free = this.#free();
        if (free.size === 0) break;
        const { jobs, nextAt } = await this.#client.call('claim', { free, now: this.#clock.now() });
        for (const job of jobs) this.#begin(job);
        this.#wakeAt(nextAt);
      }
    } catch {
      // The file cannot be read or written now; what waits there is looked for again.
      this.#wakeAt(this.#clock.now() + 1000);
    } finally {
      this.#isClaiming = false;
    }
  }

  /** How many more jobs of each kind can be begun. */
  #free(): Map<string, number> {
    const free = new Map([...this.#kinds].map(([kind, { concurrency }]) => [kind, concurrency]));
    for (const { job } of this.#running.values()) free.set(job.kind, (free.get(job.kind) ?? 0) - 1);
    return new Map([...free].filter(([, places]) => places > 0));
  }

  #wakeAt(time: number | null): void {
    clearTimeout(this.#timer);
    if (time === null || this.#isClosing) return;
    const wait = Math.min(LONGEST_SLEEP_MS, Math.max(0, time - this.#clock.now()));
    this.#timer = setTimeout(() => this.wake(), wait);
    this.#timer.unref();
  }

  #begin(job: Job): void {
    const kind = this.#kinds.get(job.kind);
    if (kind === undefined) throw new TypeError(`nobody asked for jobs of kind ${job.kind}`);
    const words = new Words((told) => this.#client.call('tell', { id: job.id, told }));
    this.#listeners.tell(job.id, 'running', null);
    const attempt = new Attempt(job, kind.run, {
      progress: (data) => {
        words.progress(data);
        this.#listeners.tell(job.id, 'running', data);
      },
      log: (line) => words.log(line),
    });
    this.#running.set(job.id, attempt);
    const end = this.#end(attempt, words).finally(() => this.#ends.delete(end));
    this.#ends.add(end);
  }

  async #end({ job, outcome }: Attempt, words: Words): Promise<void> {
    const end = await outcome;
    const wait = waitBefore(job.backoff, job.tried + 2, Math.random());
    const ended = { id: job.id, end: end.kind === 'failed' ? { ...end, wait } : end, told: words.take() };
    const write = () => this.#client.call('end', { ...ended, now: this.#clock.now() });
    const state = await write().catch(() => {
      this.#listeners.tell(job.id, STATE_AFTER[end.kind], null);
      return this.#writeLater(write);
    });
    this.#running.delete(job.id);
    this.#listeners.tell(job.id, state, null);
    this.wake();
  }

  /**
   * A file that cannot be written for want of room may be again; whoever waits for the job has heard of its end meanwhile. Where that
   * does not happen before this process ends, the job is begun again by the next.
   */
  async #writeLater(write: () => Promise<JobState>): Promise<JobState> {
    while (!this.#isClosing) {
      await sleep(BETWEEN_WRITES_MS, undefined, { ref: false });
      const state = await write().catch(() => null);
      if (state !== null) return state;
    }
    return 'running';
  }
}

/** What a job is after an attempt that its file does not know of yet. */
const STATE_AFTER = { done: 'done', failed: 'failed', cancelled: 'cancelled', 'given-back': 'waiting' } as const;
