import { expect, test } from 'vitest';
import type { Change, WriteOutcome, WriteRequest } from '#domain/record/change.ts';
import { Observation } from '../observe.ts';
import type { RecordWriter } from '../ports/record-writer.ts';
import { WriteGatherer } from './gather-writes.ts';

/** Requests of so many changes; what the changes are is nobody's business here. */
function request(name: string, changes = 1): WriteRequest {
  return { changes: Array<Change>(changes).fill({} as Change), marks: [], origin: { caller: name, run: null } };
}

/** A writer whose commits end when the test says so. */
function heldWriter() {
  const commits: {
    names: string[];
    end: (outcome?: (name: string) => WriteOutcome) => void;
    fail: (error: Error) => void;
  }[] = [];
  const writer: RecordWriter = {
    commit: (requests) => {
      const { promise, resolve, reject } = Promise.withResolvers<WriteOutcome[]>();
      const names = requests.map(({ origin }) => origin.caller);
      const end = (outcome: (name: string) => WriteOutcome = () => ({ ok: true, results: [] })) =>
        resolve(names.map(outcome));
      commits.push({ names, end, fail: reject });
      return promise;
    },
    readMark: async () => null,
    readMarks: async () => new Map(),
    forgetMarks: async () => {},
  };
  return { writer, commits };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('what comes while a commit runs goes into the next one together', async () => {
  const { writer, commits } = heldWriter();
  const gatherer = new WriteGatherer(writer, { maxChanges: 512, maxWaiting: 100 });
  const first = gatherer.submit(request('a'), new Observation());
  await turn();
  const others = ['b', 'c', 'd'].map((name) => gatherer.submit(request(name), new Observation()));
  await turn();
  expect(commits.map(({ names }) => names)).toEqual([['a']]);
  commits[0]?.end();
  await first;
  await turn();
  expect(commits.map(({ names }) => names)).toEqual([['a'], ['b', 'c', 'd']]);
  commits[1]?.end();
  await Promise.all(others);
});

test('each gets its own outcome, and its times', async () => {
  const { writer, commits } = heldWriter();
  const gatherer = new WriteGatherer(writer, { maxChanges: 512, maxWaiting: 100 });
  const observation = new Observation();
  const results = ['good', 'bad'].map((name) => gatherer.submit(request(name), observation));
  await turn();
  commits[0]?.end((name) => (name === 'bad' ? { ok: false, error: new Error('taken') } : { ok: true, results: [] }));
  expect(await results[0]).toEqual([]);
  await expect(results[1]).rejects.toThrow('taken');
  expect(observation.parts.queue).toBeGreaterThan(0);
  expect(observation.parts.engine).toBeGreaterThan(0);
});

test('a commit that fails is told to all in it, and the next goes on', async () => {
  const { writer, commits } = heldWriter();
  const gatherer = new WriteGatherer(writer, { maxChanges: 512, maxWaiting: 100 });
  const results = ['a', 'b'].map((name) => gatherer.submit(request(name), new Observation()));
  await turn();
  const later = gatherer.submit(request('c'), new Observation());
  commits[0]?.fail(new Error('disk'));
  for (const result of results) await expect(result).rejects.toThrow('disk');
  await turn();
  commits[1]?.end();
  expect(await later).toEqual([]);
  await gatherer.drained();
});

test('a commit holds so many changes, a larger request goes alone', async () => {
  const { writer, commits } = heldWriter();
  const gatherer = new WriteGatherer(writer, { maxChanges: 10, maxWaiting: 100 });
  const sizes: [string, number][] = [
    ['a', 4],
    ['b', 6],
    ['c', 25],
    ['d', 1],
  ];
  const results = sizes.map(([name, size]) => gatherer.submit(request(name, size), new Observation()));
  for (let at = 0; at < 3; at++) {
    await turn();
    commits[at]?.end();
  }
  await Promise.all(results);
  expect(commits.map(({ names }) => names)).toEqual([['a', 'b'], ['c'], ['d']]);
});

test('the line is bounded', async () => {
  const { writer, commits } = heldWriter();
  const gatherer = new WriteGatherer(writer, { maxChanges: 512, maxWaiting: 2 });
  const results = ['a', 'b'].map((name) => gatherer.submit(request(name), new Observation()));
  await expect(gatherer.submit(request('c'), new Observation())).rejects.toMatchObject({ code: 'too_many_requests' });
  await turn();
  commits[0]?.end();
  await Promise.all(results);
});
