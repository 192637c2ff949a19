// A process that puts numbered jobs into a queue and does some, until it is killed. Each number that was taken, and each
// that was done, is a line of a file: `taken N`, `done N`. With `drain` it only works, and ends when nothing is left.
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { LocalQueue } from '#adapters/queue/local/local-queue.ts';
import { RedisQueue } from '#adapters/queue/redis/redis-queue.ts';
import { newJob } from '#domain/job/job.ts';
import { systemClock } from '#infrastructure/clock.ts';

const [where = '', prefix = '', file = '', mode = '', first = '0'] = process.argv.slice(2);

const queue = where.startsWith('redis:')
  ? await RedisQueue.open({ url: where, prefix, leaseMs: 1000 })
  : await LocalQueue.open({ path: where, clock: systemClock });
await queue.work(
  new Map([
    [
      'count',
      {
        concurrency: 4,
        run: async ({ job, log }) => {
          await sleep(Math.random() * 20);
          log('counted');
          appendFileSync(file, `done ${job.data.n}\n`);
          return { n: job.data.n };
        },
      },
    ],
  ]),
);
if (mode === 'drain') {
  for (;;) {
    const { ok, counts } = await queue.health();
    if (ok && counts.waiting + counts.running === 0) break;
    await sleep(50);
  }
  await queue.close();
} else if (mode === 'fill') {
  for (let n = Number(first); ; n++) {
    await queue.enqueue([newJob('count', { n }, { attempts: 3 })]);
    appendFileSync(file, `taken ${n}\n`);
  }
} else {
  setInterval(() => {}, 60_000);
}
