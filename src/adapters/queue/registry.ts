import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '#application/ports/clock.ts';
import type { TaskQueue } from '#application/ports/task-queue.ts';

/** What a queue may need to be opened; each takes what concerns it. */
interface QueueOptions {
  /** null: what waits is forgotten with the process, as the records are. */
  readonly dataDir: string | null;
  readonly redisUrl: string;
  readonly clock: Clock;
}

/** What all keys of an instance begin with; those that share a Redis share their jobs. */
const REDIS_PREFIX = 'data-forge';

/** A worker that has been silent for so long is taken for dead. */
const LEASE_MS = 15_000;

/** The task queues there are, by the word of `TASK_QUEUE`. Only the one that is chosen is loaded. */
export const TASK_QUEUES = {
  local: async ({ dataDir, clock }) => {
    const { LocalQueue } = await import('./local/local-queue.ts');
    if (dataDir === null) return LocalQueue.open({ path: ':memory:', clock });
    await mkdir(dataDir, { recursive: true });
    return LocalQueue.open({ path: join(dataDir, 'queue.sqlite'), clock });
  },
  redis: async ({ redisUrl: url }) => {
    const { RedisQueue } = await import('./redis/redis-queue.ts');
    return RedisQueue.open({ url, prefix: REDIS_PREFIX, leaseMs: LEASE_MS });
  },
} satisfies Readonly<Record<string, (options: QueueOptions) => Promise<TaskQueue>>>;
