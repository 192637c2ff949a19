import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LocalQueue } from '#adapters/queue/local/local-queue.ts';
import { newJob } from '#domain/job/job.ts';
import { systemClock } from '#infrastructure/clock.ts';
import { describeTaskQueue } from './queue/task-queue.ts';

test('another that opens the file is told that it is in use, and takes nothing over', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'data-forge-queue-'));
  const path = join(folder, 'queue.sqlite');
  const queue = await LocalQueue.open({ path, clock: systemClock });
  await queue.enqueue([newJob('test', {})]);
  await expect(LocalQueue.open({ path, clock: systemClock })).rejects.toMatchObject({ code: 'store_locked' });
  await queue.close();
  const next = await LocalQueue.open({ path, clock: systemClock });
  expect((await next.health()).counts.waiting).toBe(1);
  await next.close();
  await rm(folder, { recursive: true, force: true });
});

describeTaskQueue('the local queue', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'data-forge-queue-'));
  const open = () => LocalQueue.open({ path: join(folder, 'queue.sqlite'), clock: systemClock });
  let queue = await open();
  return {
    queue,
    reopen: async () => {
      await queue.close();
      queue = await open();
      return queue;
    },
    dispose: async () => {
      await queue.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
});
