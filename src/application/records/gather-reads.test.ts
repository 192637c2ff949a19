import { expect, test } from 'vitest';
import { Observation } from '../observe.ts';
import { ReadGatherer } from './gather-reads.ts';

function heldReader() {
  const calls: { keys: readonly string[]; end: () => void; fail: (error: Error) => void }[] = [];
  const read = (keys: readonly string[]) => {
    const { promise, resolve, reject } = Promise.withResolvers<(string | null)[]>();
    calls.push({ keys, end: () => resolve(keys.map((key) => (key === 'none' ? null : `<${key}>`))), fail: reject });
    return promise;
  };
  const options = { maxKeys: 3, maxCalls: 2, maxWaiting: 100 };
  return { calls, reads: new ReadGatherer<string, string>(read, (key) => key, options) };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const get = (reads: ReadGatherer<string, string>, key: string) => reads.get(key, new Observation());

test('reads that arrive together are one call, each key once, each answered in order', async () => {
  const { calls, reads } = heldReader();
  const found = ['a', 'none', 'a'].map((key) => get(reads, key));
  await turn();
  expect(calls.map(({ keys }) => keys)).toEqual([['a', 'none']]);
  calls[0]?.end();
  expect(await Promise.all(found)).toEqual(['<a>', null, '<a>']);
});

test('so many keys a call, so many calls at once; the rest follows', async () => {
  const { calls, reads } = heldReader();
  const found = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((key) => get(reads, key));
  await turn();
  expect(calls.map(({ keys }) => keys)).toEqual([
    ['a', 'b', 'c'],
    ['d', 'e', 'f'],
  ]);
  calls[1]?.end();
  await turn();
  await turn();
  expect(calls[2]?.keys).toEqual(['g']);
  for (const call of calls) call.end();
  expect(await Promise.all(found)).toHaveLength(7);
});

test('a read never joins a call that has started', async () => {
  const { calls, reads } = heldReader();
  const before = get(reads, 'a');
  await turn();
  const after = get(reads, 'a');
  await turn();
  expect(calls.map(({ keys }) => keys)).toEqual([['a'], ['a']]);
  for (const call of calls) call.end();
  expect(await Promise.all([before, after])).toEqual(['<a>', '<a>']);
});

test('a call that fails is told to its readers alone', async () => {
  const { calls, reads } = heldReader();
  const bad = get(reads, 'a');
  await turn();
  const good = get(reads, 'b');
  await turn();
  calls[0]?.fail(new Error('broken'));
  calls[1]?.end();
  await expect(bad).rejects.toThrow('broken');
  expect(await good).toBe('<b>');
});
