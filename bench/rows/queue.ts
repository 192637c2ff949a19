import { Queue, Worker } from 'bullmq';
import { LocalQueue } from '#adapters/queue/local/local-queue.ts';
import { RedisQueue } from '#adapters/queue/redis/redis-queue.ts';
import type { TaskQueue } from '#application/ports/task-queue.ts';
import { newJob } from '#domain/job/job.ts';
import { systemClock } from '#infrastructure/clock.ts';
import { REDIS_MISSING, startRedisServer } from '../../tests/support/redis-server.ts';
import type { BenchGroup } from '../context.ts';
import { alternate, timed } from '../harness/engine.ts';
import { type Measurement, rate } from '../harness/table.ts';

const CONCURRENCY = 16;

/** Short jobs: put in together, done one by one, each with nothing to do; against BullMQ alone doing the same. */
export const queues: BenchGroup = {
  name: 'queue',
  async run(context) {
    if (REDIS_MISSING !== null) {
      console.log(REDIS_MISSING);
      return [];
    }
    const jobs = context.quick ? 1000 : 10_000;
    const server = await startRedisServer();
    const local = await LocalQueue.open({ path: context.path('queue.sqlite'), clock: systemClock });
    const redis = await RedisQueue.open({ url: server.url, prefix: 'forge', leaseMs: 30_000 });
    try {
      const rows: Measurement[] = [];
      for (const [name, queue, least] of [
        ['local', local, 0.5],
        ['redis', redis, 0.8],
      ] as const) {
        const times = await alternate(
          context.rounds,
          () => timed(() => doJobs(queue, jobs)),
          () => timed(() => doAlone(server.url, jobs)),
        );
        const perSecond = (milliseconds: number) => (jobs / milliseconds) * 1000;
        const [ours, limit] = [perSecond(times.ours), perSecond(times.limit)];
        rows.push(rate(`${jobs} short jobs, ${name} queue`, ours, 'jobs/s', limit, 'BullMQ alone', least));
      }
      return rows;
    } finally {
      await local.close();
      await redis.close();
      await server.dispose();
    }
  },
};

async function doJobs(queue: TaskQueue, count: number): Promise<void> {
  const all = Promise.withResolvers<void>();
  let done = 0;
  const run = async () => {
    if (++done === count) all.resolve();
    return null;
  };
  const worker = await queue.work(new Map([['short', { run, concurrency: CONCURRENCY }]]));
  await queue.enqueue(Array.from({ length: count }, (_, n) => newJob('short', { n })));
  await all.promise;
  await worker.close(1000);
}

async function doAlone(url: string, count: number): Promise<void> {
  const { hostname: host, port } = new URL(url);
  const connection = { host, port: Number(port), maxRetriesPerRequest: null };
  const queue = new Queue('alone', { connection, defaultJobOptions: { removeOnComplete: { count: 1000 } } });
  const all = Promise.withResolvers<void>();
  let done = 0;
  const run = async () => {
    if (++done === count) all.resolve();
  };
  const worker = new Worker('alone', run, { connection, concurrency: CONCURRENCY });
  await queue.addBulk(Array.from({ length: count }, (_, n) => ({ name: 'short', data: { n } })));
  await all.promise;
  await worker.close();
  await queue.close();
}
