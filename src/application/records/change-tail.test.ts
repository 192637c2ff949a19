import { expect, test } from 'vitest';
import type { Dataset } from '#domain/dataset/dataset.ts';
import type { ChangeLog, ChangesPage } from '../ports/change-log.ts';
import { ChangeTail } from './change-tail.ts';

const dataset = { name: 'wells' } as Dataset;
const free = { run: <T>(_signal: AbortSignal, work: () => Promise<T>) => work() };

function tailOf(read: (since: number) => Promise<ChangesPage>) {
  const log = { head: 0 };
  const changes: ChangeLog = { read: ({ since }) => read(since), head: () => log.head, subscribe: () => () => {} };
  return { log, tail: new ChangeTail({ changes, gate: free, limit: 10, timeout: 1000 }) };
}

const nothing = (since: number): ChangesPage => ({ changes: [], next: since, hasMore: false });

test('followers at the same number share one read until something happens', async () => {
  const reads: number[] = [];
  const { log, tail } = tailOf(async (since) => {
    reads.push(since);
    return nothing(since);
  });
  await Promise.all(Array.from({ length: 1000 }, () => tail.read(dataset, 0)));
  await tail.read(dataset, 0);
  expect(reads).toEqual([0]);
  log.head = 5;
  await Promise.all([tail.read(dataset, 0), tail.read(dataset, 3), tail.read(dataset, 0)]);
  expect(reads).toEqual([0, 0, 3]);
});

test('a read that failed is tried again', async () => {
  let fails = true;
  const { tail } = tailOf(async (since) => {
    if (fails) throw new Error('away');
    return nothing(since);
  });
  await expect(tail.read(dataset, 0)).rejects.toThrow('away');
  fails = false;
  await expect(tail.read(dataset, 0)).resolves.toEqual(nothing(0));
});
