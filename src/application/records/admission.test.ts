import { expect, test } from 'vitest';
import { DataForgeError } from '#domain/errors.ts';
import { NEVER } from '../call.ts';
import { AdmissionQueue } from './admission.ts';

function work() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  return { run: () => promise, resolve, reject };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('no more run than there are places, and the others come in the order they asked', async () => {
  const gate = new AdmissionQueue({ places: 2, maxWaiting: 10 });
  const started: number[] = [];
  const works = Array.from({ length: 5 }, work);
  const done = works.map((item, index) =>
    gate.run(NEVER, () => {
      started.push(index);
      return item.run();
    }),
  );
  await turn();
  expect([started, gate.running, gate.waiting]).toEqual([[0, 1], 2, 3]);
  works[1]?.resolve('one');
  await turn();
  expect(started).toEqual([0, 1, 2]);
  works[0]?.reject(new Error('broken'));
  await expect(done[0]).rejects.toThrow('broken');
  await turn();
  expect(started).toEqual([0, 1, 2, 3]);
  for (const item of works) item.resolve('');
  await Promise.allSettled(done);
  expect([started, gate.running, gate.waiting]).toEqual([[0, 1, 2, 3, 4], 0, 0]);
});

test('a full line turns away', async () => {
  const gate = new AdmissionQueue({ places: 1, maxWaiting: 1 });
  const first = work();
  const running = gate.run(NEVER, first.run);
  const waiting = gate.run(NEVER, async () => 'second');
  await expect(gate.run(NEVER, async () => 'third')).rejects.toMatchObject({
    code: 'too_many_requests',
    retryable: true,
  });
  first.resolve('first');
  expect([await running, await waiting]).toEqual(['first', 'second']);
});

test('whoever gives up waiting leaves the line, and is told why', async () => {
  const gate = new AdmissionQueue({ places: 1, maxWaiting: 5 });
  const first = work();
  void gate.run(NEVER, first.run);
  const controller = new AbortController();
  const given = gate.run(controller.signal, async () => 'never');
  const next = gate.run(NEVER, async () => 'next');
  controller.abort(new DataForgeError('query_timeout', 'too long'));
  await expect(given).rejects.toMatchObject({ code: 'query_timeout' });
  await expect(gate.run(controller.signal, async () => '')).rejects.toMatchObject({ code: 'query_timeout' });
  first.resolve('');
  expect(await next).toBe('next');
  expect([gate.running, gate.waiting]).toEqual([0, 0]);
});
