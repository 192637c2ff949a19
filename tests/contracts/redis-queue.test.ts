import { randomUUID } from 'node:crypto';
import { RedisQueue } from '#adapters/queue/redis/redis-queue.ts';
import { describeOnRedis } from '../support/redis-server.ts';
import { describeTaskQueue } from './queue/task-queue.ts';

describeOnRedis('on a server', (server) => {
  describeTaskQueue('redis', async () => {
    const prefix = `test-${randomUUID().slice(0, 8)}`;
    const open = () => RedisQueue.open({ url: server().url, prefix, leaseMs: 5000 });
    let queue = await open();
    const others: RedisQueue[] = [];
    return {
      queue,
      reopen: async () => {
        others.push(queue);
        queue = await open();
        return queue;
      },
      dispose: async () => {
        for (const each of [queue, ...others]) await each.close();
      },
    };
  });
});
