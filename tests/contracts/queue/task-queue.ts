import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { JobHandler, KindOfWork, TaskQueue } from '#application/ports/task-queue.ts';
import { DataForgeError } from '#domain/errors.ts';
import { type Job, type JobState, newJob } from '#domain/job/job.ts';
import { until } from '../../support/until.ts';

export interface OpenedQueue {
  readonly queue: TaskQueue;
  /** The jobs as another process, or this one after its end, finds them. */
  readonly reopen: () => Promise<TaskQueue>;
  readonly dispose: () => Promise<void>;
}

/** What every task queue has to do. */
export function describeTaskQueue(name: string, open: () => Promise<OpenedQueue>): void {
  describe(`${name} as a task queue`, () => {
    let opened: OpenedQueue;
    let queue: TaskQueue;
    beforeEach(async () => {
      opened = await open();
      queue = opened.queue;
    });
    afterEach(() => opened.dispose());

    const work = (run: JobHandler, concurrency = 4, kind = 'test') =>
      queue.work(new Map<string, KindOfWork>([[kind, { run, concurrency }]]));
    const enqueue = async (...jobs: Parameters<typeof newJob>[2][]) =>
      (await queue.enqueue(jobs.map((more) => newJob('test', { n: jobs.indexOf(more) }, more)))).map(({ id }) => id);
    const ended = async (id: string): Promise<Job> => {
      await until(async () => !['waiting', 'running'].includes((await queue.find(id))?.state ?? ''));
      return (await queue.find(id)) as Job;
    };

    test('what is put in is done, and its result kept', async () => {
      const done: unknown[] = [];
      await work(async ({ job }) => {
        done.push(job.data);
        return { sum: Number(job.data.n) + 1 };
      });
      const ids = await enqueue({}, {}, {});
      const jobs = await Promise.all(ids.map(ended));
      expect(jobs.map(({ state, result, tried, error }) => ({ state, result, tried, error }))).toEqual(
        [1, 2, 3].map((sum) => ({ state: 'done', result: { sum }, tried: 1, error: null })),
      );
      expect(done).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }]);
      for (const { createdAt, startedAt, endedAt } of jobs) {
        expect(startedAt).toBeGreaterThanOrEqual(createdAt);
        expect(endedAt).toBeGreaterThanOrEqual(startedAt ?? Number.POSITIVE_INFINITY);
      }
    });

    test('what waits outlives the process', async () => {
      const ids = await enqueue({}, { priority: 5, attempts: 3, lane: { name: 'slow', limit: 2 }, key: 'k' });
      queue = await opened.reopen();
      const jobs = await Promise.all(ids.map((id) => queue.find(id)));
      expect(jobs[0]).toMatchObject({ state: 'waiting', kind: 'test', data: { n: 0 }, key: null, lane: null });
      expect(jobs[1]).toMatchObject({ priority: 5, attempts: 3, lane: { name: 'slow', limit: 2 }, key: 'k' });
      await work(async () => null);
      for (const id of ids) expect(await ended(id)).toMatchObject({ state: 'done', result: null });
    });

    test('higher priorities go first, equal ones in their order', async () => {
      const order: unknown[] = [];
      await enqueue({}, { priority: -1 }, { priority: 10 }, {}, { priority: 10 }, { priority: 1000 });
      await work(async ({ job }) => {
        order.push(job.data.n);
        return null;
      }, 1);
      await until(() => order.length === 6);
      expect(order).toEqual([5, 2, 4, 0, 3, 1]);
    });

    test('a job waits for its time', async () => {
      const begun: unknown[] = [];
      await work(async ({ job }) => {
        begun.push(job.data.n);
        return null;
      });
      const [late] = await enqueue({ delay: 700 }, {});
      await sleep(250);
      expect(begun).toEqual([1]);
      expect(await queue.find(late ?? '')).toMatchObject({ state: 'waiting', startedAt: null });
      expect(await ended(late ?? '')).toMatchObject({ state: 'done' });
      const { createdAt, startedAt } = (await queue.find(late ?? '')) as Job;
      expect((startedAt ?? 0) - createdAt).toBeGreaterThanOrEqual(690);
    });

    test('what fails is tried again after a wait, and then lies until it is asked for', async () => {
      const times: number[] = [];
      let isMended = false;
      await work(async () => {
        times.push(performance.now());
        if (isMended) return { mended: true };
        throw new Error('no luck');
      });
      const [id = ''] = await enqueue({ attempts: 3, backoff: { first: 200, most: 10_000 } });
      const failed = await ended(id);
      expect(failed).toMatchObject({ state: 'failed', tried: 3, error: { code: 'internal', message: 'no luck' } });
      expect(times).toHaveLength(3);
      expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(90);
      expect((times[2] ?? 0) - (times[1] ?? 0)).toBeGreaterThan(190);
      expect((await queue.list({ states: ['failed'], kind: 'test', limit: 10 })).map((job) => job.id)).toEqual([id]);
      expect((await queue.health()).counts).toEqual({ waiting: 0, running: 0, failed: 1 });

      isMended = true;
      expect(await queue.retry(id)).toBe(true);
      expect(await ended(id)).toMatchObject({ state: 'done', tried: 1, result: { mended: true }, error: null });
      expect(await queue.retry(id)).toBe(false);
    });

    test('what cannot succeed is not tried again', async () => {
      let tries = 0;
      await work(async () => {
        tries++;
        throw new DataForgeError('invalid_value', 'The row is wrong.');
      });
      const [id = ''] = await enqueue({ attempts: 5, backoff: { first: 1, most: 1 } });
      expect(await ended(id)).toMatchObject({
        state: 'failed',
        tried: 1,
        error: { code: 'invalid_value', message: 'The row is wrong.' },
      });
      expect(tries).toBe(1);
    });

    test('no more run at once than may, by kind and by lane', async () => {
      let running = 0;
      const most = { all: 0, lane: 0 };
      let inLane = 0;
      const lane = { name: 'narrow', limit: 2 };
      await work(async ({ job }) => {
        running++;
        if (job.lane) inLane++;
        most.all = Math.max(most.all, running);
        most.lane = Math.max(most.lane, inLane);
        await sleep(30);
        running--;
        if (job.lane) inLane--;
        return null;
      }, 5);
      const ids = await enqueue(...Array.from({ length: 24 }, (_, at) => (at < 8 ? { lane } : {})));
      for (const id of ids) expect((await ended(id)).state).toBe('done');
      expect(most).toEqual({ all: 5, lane: 2 });
    });

    test('of a key there is one job at a time', async () => {
      const release = Promise.withResolvers<void>();
      const worker = await work(async () => {
        await release.promise;
        return null;
      });
      const [first] = await queue.enqueue([newJob('test', { n: 0 }, { key: 'k' })]);
      const [second, other] = await queue.enqueue([
        newJob('test', { n: 1 }, { key: 'k' }),
        newJob('test', { n: 2 }, { key: 'other' }),
      ]);
      expect(first?.isNew).toBe(true);
      expect(second).toEqual({ id: first?.id, isNew: false });
      expect(other?.isNew).toBe(true);
      await until(async () => (await queue.find(first?.id ?? ''))?.state === 'running');
      expect(await queue.enqueue([newJob('test', {}, { key: 'k' })])).toEqual([{ id: first?.id, isNew: false }]);
      expect(await queue.findByKey('test', 'k')).toMatchObject({ id: first?.id, state: 'running', data: { n: 0 } });
      expect(await queue.findByKey('test', 'unknown')).toBeNull();
      expect(await queue.findByKey('unknown', 'k')).toBeNull();
      release.resolve();
      await ended(first?.id ?? '');
      expect(await queue.findByKey('test', 'k')).toBeNull();
      const [third] = await queue.enqueue([newJob('test', {}, { key: 'k' })]);
      expect(third?.isNew).toBe(true);
      await ended(third?.id ?? '');
      await worker.close(0);
    });

    test('what waits can be cancelled, and its key is free', async () => {
      let begun = 0;
      const [id = ''] = await enqueue({ key: 'k' });
      expect(await queue.findByKey('test', 'k')).toMatchObject({ id, state: 'waiting' });
      expect(await queue.cancel(id)).toBe(true);
      expect(await queue.find(id)).toMatchObject({ state: 'cancelled' });
      expect(await queue.findByKey('test', 'k')).toBeNull();
      expect(await queue.cancel(id)).toBe(false);
      const [again] = await queue.enqueue([newJob('test', {}, { key: 'k' })]);
      expect(again?.isNew).toBe(true);
      await work(async () => {
        begun++;
        return null;
      });
      await ended(again?.id ?? '');
      await sleep(100);
      expect(begun).toBe(1);
      expect(await queue.find(id)).toMatchObject({ state: 'cancelled', error: null });
      expect(await queue.retry(id)).toBe(true);
      expect(await ended(id)).toMatchObject({ state: 'done' });
    });

    test('what runs can be cancelled, and is not tried again', async () => {
      let tries = 0;
      await work(async ({ signal }) => {
        tries++;
        await sleep(20_000, undefined, { signal });
        return null;
      });
      const [id = ''] = await enqueue({ attempts: 5 });
      await until(async () => (await queue.find(id))?.state === 'running');
      expect(await queue.cancel(id)).toBe(true);
      expect(await ended(id)).toMatchObject({ state: 'cancelled', error: null });
      expect(tries).toBe(1);
      expect(await queue.cancel('no such job')).toBe(false);
      expect(await queue.find('no such job')).toBe(null);
    });

    test('what a job says can be read while it runs, and afterwards', async () => {
      const release = Promise.withResolvers<void>();
      await work(async ({ progress, log }) => {
        log('begun');
        progress({ part: 0.5 });
        await release.promise;
        for (let line = 0; line < 1500; line++) log(`line ${line}`);
        progress({ part: 1 });
        return null;
      });
      const [id = ''] = await enqueue({});
      await until(async () => (await queue.find(id))?.progress?.part === 0.5);
      expect(await queue.log(id, 0)).toEqual(['begun']);
      release.resolve();
      expect(await ended(id)).toMatchObject({ progress: { part: 1 } });
      const lines = await queue.log(id, 0);
      expect(lines).toHaveLength(1000);
      expect(lines.at(-1)).toBe('line 1499');
    });

    test('a worker that stops takes no more, waits for what runs, and gives back what does not end', async () => {
      const begun: unknown[] = [];
      const worker = await work(async ({ job, signal }) => {
        begun.push(job.data.n);
        if (job.data.n === 0) await sleep(200);
        else await sleep(60_000, undefined, { signal });
        return null;
      }, 2);
      const [quick = '', slow = '', later = ''] = await enqueue({}, {}, {});
      await until(() => begun.length === 2);
      await worker.close(600);
      expect(await queue.find(quick)).toMatchObject({ state: 'done' });
      expect(await queue.find(slow)).toMatchObject({ state: 'waiting', tried: 0, startedAt: null });
      expect(await queue.find(later)).toMatchObject({ state: 'waiting' });
      expect(begun).toEqual([0, 1]);
      await work(async () => null);
      for (const id of [slow, later]) expect(await ended(id)).toMatchObject({ state: 'done', tried: 1 });
    });

    test('who watches hears what becomes of a job', async () => {
      const heard: [JobState, unknown][] = [];
      let watched = '';
      await work(async ({ progress }) => {
        progress({ part: 0.25 });
        await sleep(300);
        return null;
      });
      const stop = queue.watch((id, state, progress) => {
        if (watched === '' || id === watched) heard.push([state, progress?.part ?? null]);
      });
      await sleep(100);
      [watched = ''] = await enqueue({});
      await until(() => heard.some(([state]) => state === 'done'));
      expect(heard.map(([state]) => state).filter((state, at, all) => state !== all[at - 1])).toEqual([
        'waiting',
        'running',
        'done',
      ]);
      expect(heard).toContainEqual(['running', 0.25]);
      stop();
      const count = heard.length;
      watched = '';
      const [other = ''] = await enqueue({});
      await ended(other);
      expect(heard).toHaveLength(count);
    });

    test('jobs of a kind that nobody does wait, and hold up no others', async () => {
      await work(async () => null);
      const [strange] = await queue.enqueue([newJob('strange', {})]);
      const [id = ''] = await enqueue({});
      expect(await ended(id)).toMatchObject({ state: 'done' });
      expect(await queue.find(strange?.id ?? '')).toMatchObject({ state: 'waiting', kind: 'strange' });
      const listed = await queue.list({ states: ['waiting', 'done'], kind: null, limit: 10 });
      expect(listed.map((job) => job.id).sort()).toEqual([id, strange?.id].sort());
    });

    test('a thousand jobs are each done once', { timeout: 60_000 }, async () => {
      const done = new Map<unknown, number>();
      await work(async ({ job }) => {
        done.set(job.data.n, (done.get(job.data.n) ?? 0) + 1);
        if (Number(job.data.n) % 10 === 0 && done.get(job.data.n) === 1) throw new Error('again');
        return null;
      }, 16);
      const made = await queue.enqueue(
        Array.from({ length: 1000 }, (_, n) => newJob('test', { n }, { attempts: 2, backoff: { first: 1, most: 1 } })),
      );
      expect(made).toHaveLength(1000);
      await until(async () => {
        const { waiting, running } = (await queue.health()).counts;
        return waiting + running === 0;
      }, 50_000);
      expect(done.size).toBe(1000);
      expect([...done].every(([n, times]) => times === (Number(n) % 10 === 0 ? 2 : 1))).toBe(true);
    });
  });
}
