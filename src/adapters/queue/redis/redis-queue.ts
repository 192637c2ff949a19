import { randomUUID } from 'node:crypto';
import { Queue, QueueEvents } from 'bullmq';
import { Redis } from 'ioredis';
import type {
  Enqueued,
  JobQuery,
  JobWorker,
  KindOfWork,
  QueueHealth,
  TaskQueue,
} from '#application/ports/task-queue.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { Job, JobData, JobState, NewJob } from '#domain/job/job.ts';
import { JobListeners } from '../shared/job-listeners.ts';
import { bullPriority, jobId, type Kept, type KeptJob, keptOf, readJob, splitId } from './redis-job.ts';
import { RedisLanes } from './redis-lanes.ts';
import { RedisWorker } from './redis-worker.ts';

export interface RedisQueueOptions {
  /** `redis://user:password@host:port/database`, or `rediss://`. */
  readonly url: string;
  /** What all keys begin with; several instances may share a Redis, and with it their jobs. */
  readonly prefix: string;
  /** How long a worker may be silent before its jobs are given to others. */
  readonly leaseMs: number;
}

type Jobs = Queue<Kept, JobData | null, string>;

/** Jobs that have ended are kept so long as no more than this many newer ones have ended so. */
const KEPT = { removeOnComplete: { count: 1000 }, removeOnFail: { count: 10_000 } };

const WAITING = ['waiting', 'delayed', 'prioritized'] as const;
const BULL_STATES = {
  waiting: WAITING,
  running: ['active'],
  done: ['completed'],
  failed: ['failed'],
  cancelled: ['failed', ...WAITING],
} as const satisfies Record<JobState, readonly string[]>;

/** Jobs in Redis by BullMQ, a queue for each kind, done by whoever has workers. */
export class RedisQueue implements TaskQueue {
  readonly #redis: Redis;
  readonly #hearing: Redis;
  readonly #options: RedisQueueOptions;
  readonly #queues = new Map<string, Jobs>();
  readonly #events = new Map<string, QueueEvents>();
  readonly #workers = new Set<RedisWorker>();
  readonly #listeners = new JobListeners();
  /** What the ids of jobs from here begin with. */
  readonly #sender = randomUUID().slice(-12);
  #sent = 0;

  private constructor(redis: Redis, options: RedisQueueOptions) {
    this.#redis = redis;
    this.#options = options;
    this.#hearing = redis.duplicate();
    this.#hearing.on('error', () => {});
    this.#hearing.on('message', (_channel, id) => {
      for (const worker of this.#workers) worker.cancel(id);
    });
  }

  /** @throws DataForgeError `unavailable` where there is no Redis at the address */
  static async open(options: RedisQueueOptions): Promise<RedisQueue> {
    const redis = new Redis(options.url, {
      maxRetriesPerRequest: null,
      lazyConnect: true,
      retryStrategy: waitToConnect,
    });
    redis.on('error', () => {});
    const first = new Redis(options.url, { lazyConnect: true, retryStrategy: () => null });
    first.on('error', () => {});
    try {
      await first.connect();
    } catch (cause) {
      throw new DataForgeError('unavailable', `There is no Redis at ${shown(options.url)}; check REDIS_URL.`, {
        cause,
      });
    } finally {
      first.disconnect();
    }
    await redis.connect();
    const queue = new RedisQueue(redis, options);
    await queue.#hearing.subscribe(queue.#cancelChannel);
    return queue;
  }

  async enqueue(jobs: readonly NewJob[]): Promise<readonly Enqueued[]> {
    const byKind = Map.groupBy(
      jobs.map((job, place) => ({ job, place })),
      ({ job }) => job.kind,
    );
    const made: Enqueued[] = [];
    for (const [kind, group] of byKind) {
      const added = await (await this.#queueOf(kind)).addBulk(group.map(({ job }) => bullJob(job, this.#newId())));
      group.forEach(({ place }, index) => {
        const { id, opts } = added[index] as KeptJob;
        made[place] = { id: jobId(kind, String(id)), isNew: opts.jobId === id };
      });
    }
    return made;
  }

  async find(id: string): Promise<Job | null> {
    const found = await this.#jobOf(id);
    return found === null ? null : readJob(found, await found.getState());
  }

  async findByKey(kind: string, key: string): Promise<Job | null> {
    if (!(await this.#kinds()).includes(kind)) return null;
    const id = await (await this.#queueOf(kind)).getDeduplicationJobId(key);
    const job = id === null ? null : await this.find(jobId(kind, id));
    return job?.state === 'waiting' || job?.state === 'running' ? job : null;
  }

  async list({ states, kind, limit }: JobQuery): Promise<readonly Job[]> {
    const kinds = kind === null ? await this.#kinds() : [kind];
    const jobs: Job[] = [];
    for (const each of kinds) {
      const queue = await this.#queueOf(each);
      for (const type of new Set(states.flatMap((state) => BULL_STATES[state]))) {
        const found = (await queue.getJobs([type], 0, limit - 1, false)) as (KeptJob | undefined)[];
        for (const job of found) if (job !== undefined) jobs.push(readJob(job, type));
      }
    }
    const wanted = jobs.filter(({ state }) => states.includes(state));
    return wanted.sort((a, b) => b.createdAt - a.createdAt).slice(0, limit);
  }

  async log(id: string, from: number): Promise<readonly string[]> {
    const place = splitId(id);
    if (place === null) return [];
    return (await (await this.#queueOf(place.kind)).getJobLogs(place.id, from)).logs;
  }

  async cancel(id: string): Promise<boolean> {
    const found = await this.#jobOf(id);
    if (found === null) return false;
    const job = readJob(found, await found.getState());
    if (job.state !== 'waiting' && job.state !== 'running') return false;
    await found.updateData({ ...found.data, isCancelled: true });
    if (job.state === 'waiting') {
      await found.removeDeduplicationKey();
      this.#listeners.tell(id, 'cancelled', null);
    }
    await this.#redis.publish(this.#cancelChannel, id);
    return true;
  }

  async retry(id: string): Promise<boolean> {
    const found = await this.#jobOf(id);
    if (found === null) return false;
    const bullState = await found.getState();
    const { state, kind, key } = readJob(found, bullState);
    if (state !== 'failed' && state !== 'cancelled') return false;
    if (key !== null && !(await this.#takeKey(kind, key, String(found.id)))) return false;
    await found.updateData({ ...found.data, isCancelled: false });
    if (bullState === 'failed') await found.retry('failed', { resetAttemptsMade: true });
    return true;
  }

  async work(kinds: ReadonlyMap<string, KindOfWork>): Promise<JobWorker> {
    const { prefix, leaseMs } = this.#options;
    for (const kind of kinds.keys()) await this.#queueOf(kind);
    const lanes = new RedisLanes(this.#redis, prefix);
    const worker = new RedisWorker(kinds, { redis: this.#redis, prefix, lanes, leaseMs });
    await worker.ready();
    this.#workers.add(worker);
    return {
      close: async (grace) => {
        await worker.close(grace);
        this.#workers.delete(worker);
      },
    };
  }

  watch(listener: (id: string, state: JobState, progress: JobData | null) => void): () => void {
    const leave = this.#listeners.add(listener);
    for (const kind of this.#queues.keys()) this.#hear(kind);
    void this.#kinds().then((kinds) => {
      for (const kind of kinds) this.#hear(kind);
    });
    return leave;
  }

  async health(): Promise<QueueHealth> {
    const counts = { waiting: 0, running: 0, failed: 0 };
    try {
      if (this.#redis.status !== 'ready') throw new Error('There is no connection to Redis.');
      for (const kind of await this.#kinds()) {
        const found = await (await this.#queueOf(kind)).getJobCounts(...WAITING, 'active', 'failed');
        for (const state of WAITING) counts.waiting += found[state] ?? 0;
        counts.running += found.active ?? 0;
        counts.failed += found.failed ?? 0;
      }
      const [, version = ''] = /redis_version:(\S+)/.exec(await this.#redis.info('server')) ?? [];
      return { ok: true, problem: null, engine: 'redis', engineVersion: version, counts };
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      return { ok: false, problem, engine: 'redis', engineVersion: '', counts };
    }
  }

  async close(): Promise<void> {
    for (const worker of this.#workers) await worker.close(0);
    for (const each of [...this.#events.values(), ...this.#queues.values()]) await each.close();
    this.#hearing.disconnect();
    this.#redis.disconnect();
  }

  /** Ids are given here, so that a job that is sent again over a new connection is not made twice. */
  #newId(): string {
    return `${this.#sender}-${(++this.#sent).toString(36)}`;
  }

  get #cancelChannel(): string {
    return `${this.#options.prefix}:cancel`;
  }

  get #kindsKey(): string {
    return `${this.#options.prefix}:kinds`;
  }

  #kinds(): Promise<string[]> {
    return this.#redis.smembers(this.#kindsKey);
  }

  async #queueOf(kind: string): Promise<Jobs> {
    const known = this.#queues.get(kind);
    if (known !== undefined) return known;
    const { prefix } = this.#options;
    const queue: Jobs = new Queue(kind, { connection: this.#redis, prefix, defaultJobOptions: KEPT });
    queue.on('error', () => {});
    this.#queues.set(kind, queue);
    await this.#redis.sadd(this.#kindsKey, kind);
    this.#hear(kind);
    return queue;
  }

  async #jobOf(id: string): Promise<KeptJob | null> {
    const place = splitId(id);
    if (place === null || !(await this.#kinds()).includes(place.kind)) return null;
    return ((await (await this.#queueOf(place.kind)).getJob(place.id)) as KeptJob | undefined) ?? null;
  }

  /** @returns false where another job has the key */
  async #takeKey(kind: string, key: string, id: string): Promise<boolean> {
    const holder = await (await this.#queueOf(kind)).getDeduplicationJobId(key);
    if (holder !== null) return holder === id;
    await this.#redis.set(`${this.#options.prefix}:${kind}:de:${key}`, id, 'NX');
    return true;
  }

  /** Tells the listeners, where there are any, of what happens to the jobs of a kind, wherever it happens. */
  #hear(kind: string): void {
    if (this.#events.has(kind) || this.#listeners.isEmpty) return;
    const events = new QueueEvents(kind, { connection: this.#redis.duplicate(), prefix: this.#options.prefix });
    this.#events.set(kind, events);
    events.on('error', () => {});
    const tell = (state: JobState) => (told: { readonly jobId: string }) =>
      this.#listeners.tell(jobId(kind, told.jobId), state, null);
    events.on('waiting', tell('waiting'));
    events.on('delayed', tell('waiting'));
    events.on('active', tell('running'));
    events.on('completed', tell('done'));
    events.on('failed', ({ jobId: id, failedReason }) =>
      tell(failedReason.startsWith('cancelled: ') ? 'cancelled' : 'failed')({ jobId: id }),
    );
    events.on('progress', ({ jobId: id, data }) => this.#listeners.tell(jobId(kind, id), 'running', data as JobData));
  }
}

function bullJob(job: NewJob, id: string) {
  const { kind, key, delay, attempts, priority } = job;
  return {
    name: kind,
    data: keptOf(job),
    opts: {
      jobId: id,
      priority: bullPriority(priority),
      ...(delay > 0 && { delay }),
      ...(attempts > 1 && { attempts, backoff: { type: 'custom' } }),
      ...(key !== null && { deduplication: { id: key } }),
    },
  };
}

function waitToConnect(times: number): number {
  return Math.min(50 * 2 ** Math.min(times, 10), 2000);
}

/** The address without user and password. */
function shown(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'REDIS_URL';
}
