import type { Clock } from '#application/ports/clock.ts';
import type {
  Enqueued,
  JobQuery,
  JobWorker,
  KindOfWork,
  QueueHealth,
  TaskQueue,
} from '#application/ports/task-queue.ts';
import type { Job, JobData, JobState, NewJob } from '#domain/job/job.ts';
import { JobListeners } from '../shared/job-listeners.ts';
import { LocalQueueClient } from './local-queue-client.ts';
import { LocalWorker } from './local-worker.ts';

export interface LocalQueueOptions {
  /** The file of the jobs; no other process may have it open. */
  readonly path: string;
  readonly clock: Clock;
}

/** Jobs in a file of SQLite, done in this process. What ran when the process ended is begun again by the next. */
export class LocalQueue implements TaskQueue {
  readonly #client: LocalQueueClient;
  readonly #clock: Clock;
  readonly #listeners = new JobListeners();
  readonly #workers = new Set<LocalWorker>();

  private constructor({ path, clock }: LocalQueueOptions) {
    this.#client = new LocalQueueClient(path);
    this.#clock = clock;
  }

  /** @throws DataForgeError `store_locked` where another process has the file open */
  static async open(options: LocalQueueOptions): Promise<LocalQueue> {
    const queue = new LocalQueue(options);
    await queue.#client.call('counts', null);
    return queue;
  }

  async enqueue(jobs: readonly NewJob[]): Promise<readonly Enqueued[]> {
    const made = await this.#client.call('enqueue', { jobs, now: this.#clock.now() });
    for (const { id, isNew } of made) if (isNew) this.#listeners.tell(id, 'waiting', null);
    this.#wake();
    return made;
  }

  find(id: string): Promise<Job | null> {
    return this.#client.call('find', { id });
  }

  findByKey(kind: string, key: string): Promise<Job | null> {
    return this.#client.call('findByKey', { kind, key });
  }

  list(query: JobQuery): Promise<readonly Job[]> {
    return this.#client.call('list', query);
  }

  log(id: string, from: number): Promise<readonly string[]> {
    return this.#client.call('log', { id, from });
  }

  async cancel(id: string): Promise<boolean> {
    const state = await this.#client.call('cancel', { id, now: this.#clock.now() });
    if (state === 'waiting') this.#listeners.tell(id, 'cancelled', null);
    if (state === 'running') for (const worker of this.#workers) worker.cancel(id);
    return state !== null;
  }

  async retry(id: string): Promise<boolean> {
    const isAgain = await this.#client.call('retry', { id, now: this.#clock.now() });
    if (isAgain) this.#listeners.tell(id, 'waiting', null);
    this.#wake();
    return isAgain;
  }

  async work(kinds: ReadonlyMap<string, KindOfWork>): Promise<JobWorker> {
    const worker = new LocalWorker(this.#client, this.#clock, this.#listeners, kinds);
    this.#workers.add(worker);
    worker.wake();
    return {
      close: async (grace) => {
        await worker.close(grace);
        this.#workers.delete(worker);
        this.#wake();
      },
    };
  }

  watch(listener: (id: string, state: JobState, progress: JobData | null) => void): () => void {
    return this.#listeners.add(listener);
  }

  async health(): Promise<QueueHealth> {
    const { sqlite } = process.versions;
    const facts = { engine: 'local', engineVersion: sqlite ?? '' };
    try {
      return { ok: true, problem: null, ...facts, counts: await this.#client.call('counts', null) };
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      return { ok: false, problem, ...facts, counts: { waiting: 0, running: 0, failed: 0 } };
    }
  }

  async close(): Promise<void> {
    for (const worker of this.#workers) await worker.close(0);
    await this.#client.close();
  }

  #wake(): void {
    for (const worker of this.#workers) worker.wake();
  }
}
