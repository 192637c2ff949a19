import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalQueue } from '#adapters/queue/local/local-queue.ts';
import { systemClock } from '#infrastructure/clock.ts';
import { describeTaskQueue } from './queue/task-queue.ts';

describeTaskQueue('the local queue', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'data-forge-queue-'));
  const open = () => new LocalQueue({ path: join(folder, 'queue.sqlite'), clock: systemClock });
  let queue = open();
  return {
    queue,
    reopen: async () => {
      await queue.close();
      queue = open();
      return queue;
    },
    dispose: async () => {
      await queue.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
});
