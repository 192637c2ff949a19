import { afterEach, describe, expect, test } from 'vitest';
import { NEVER } from '#application/call.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { Order } from '#tests/support/obedient-worker.ts';
import { WorkerPool, type WorkerSession } from './worker-pool.ts';

const url = new URL('../../../../tests/support/obedient-worker.ts', import.meta.url);
const pools: WorkerPool[] = [];

function poolOf(size: number, heapMegabytes: number | null = null): WorkerPool {
  const pool = new WorkerPool({ url, size, heapMegabytes });
  pools.push(pool);
  return pool;
}

const tell = (order: Order, value?: unknown) => (thread: WorkerSession) => thread.ask({ order, value });

describe('a pool of threads', () => {
  afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.close())));

  test('hands back what a thread says, and keeps the thread', async () => {
    const pool = poolOf(1);
    expect(await pool.use(NEVER, tell('echo', { a: 1n }))).toEqual({ a: 1n });
    expect(await pool.use(NEVER, tell('echo', new Float64Array([1.5])))).toEqual(new Float64Array([1.5]));
  });

  test('ends a thread in the middle of whatever it does, and goes on with a new one', async () => {
    const pool = poolOf(1);
    const controller = new AbortController();
    const hanging = pool.use(controller.signal, tell('hang'));
    const waiting = pool.use(NEVER, tell('echo', 'next'));
    controller.abort(new DataForgeError('query_timeout', 'The time is over.'));
    await expect(hanging).rejects.toMatchObject({ code: 'query_timeout' });
    expect(await waiting).toBe('next');
  });

  test('lets who waits in line leave it', async () => {
    const pool = poolOf(1);
    const [running, queued] = [new AbortController(), new AbortController()];
    const hanging = pool.use(running.signal, tell('hang'));
    const waiting = pool.use(queued.signal, tell('echo'));
    queued.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    running.abort();
    await expect(hanging).rejects.toMatchObject({ code: 'cancelled' });
    await expect(pool.use(running.signal, tell('echo'))).rejects.toMatchObject({ code: 'cancelled' });
  });

  test('says in one sentence that a thread needs more memory than it may have', async () => {
    const pool = poolOf(1, 32);
    await expect(pool.use(NEVER, tell('eat'))).rejects.toMatchObject({
      code: 'resources_exhausted',
      message: expect.stringContaining('more than the 32 MB it may take'),
    });
    expect(await pool.use(NEVER, tell('echo', 'well'))).toBe('well');
  });

  test('tells what a thread refuses from what fails inside it', async () => {
    const pool = poolOf(2);
    await expect(pool.use(NEVER, tell('refuse'))).rejects.toMatchObject({ code: 'invalid_value' });
    await expect(pool.use(NEVER, tell('fail'))).rejects.toMatchObject({
      code: 'internal',
      cause: expect.stringContaining('a fault of ours'),
    });
    await expect(pool.use(NEVER, tell('leave'))).rejects.toBeInstanceOf(DataForgeError);
    expect(await pool.use(NEVER, tell('echo', 'well'))).toBe('well');
  });

  test('gives back what the work holds before it answers', async () => {
    const pool = poolOf(1);
    const controller = new AbortController();
    let given = false;
    const work = pool.use(controller.signal, async (thread) => {
      try {
        await tell('hang')(thread);
      } finally {
        await new Promise((resolve) => setTimeout(resolve, 20));
        given = true;
      }
    });
    controller.abort();
    await expect(work).rejects.toMatchObject({ code: 'cancelled' });
    expect(given).toBe(true);
  });
});
