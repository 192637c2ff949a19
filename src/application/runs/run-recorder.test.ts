import { beforeEach, expect, test } from 'vitest';
import { MemoryEngine } from '#adapters/storage/memory/memory-engine.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { WriteRequest } from '#domain/record/change.ts';
import { RUNS_DATASET } from '#domain/run/runs-dataset.ts';
import { compileRe2 } from '#infrastructure/re2.ts';
import { NEVER } from '../call.ts';
import { PeakMemory } from './peak-memory.ts';
import { RunRecorder, type RunSubject } from './run-recorder.ts';

const surroundings = { engine: 'memory', softwareVersion: '1.0.0', instance: 'here', settings: { engine_threads: 2 } };
const subject: RunSubject = {
  kind: 'load',
  name: 'csv',
  dataset: 'wells',
  caller: 'ann',
  processor: null,
  settings: { on_invalid: 'abort' },
};
const succeeded = { error: null, figures: { rowsRead: 3 }, stages: { write: 1.5 } };

let engine: MemoryEngine;
let commits: number[];
let warned: string[];
let failure: Error | null;
let now: number;
let onCommit: () => void;

beforeEach(async () => {
  engine = new MemoryEngine({ compilePattern: compileRe2 });
  await engine.datasets.apply(await engine.datasets.plan(RUNS_DATASET), { acceptLoss: false });
  commits = [];
  warned = [];
  failure = null;
  now = 1000;
  onCommit = () => {};
});

function newRecorder(): RunRecorder {
  const { writer } = engine;
  return new RunRecorder({
    writer: {
      commit: async (requests: readonly WriteRequest[]) => {
        if (failure !== null) throw failure;
        commits.push(requests.filter(({ changes }) => changes.length > 0).length);
        onCommit();
        return writer.commit(requests);
      },
      readMark: (kind, key) => writer.readMark(kind, key),
      readMarks: (kind, keys) => writer.readMarks(kind, keys),
      forgetMarks: (kind, before) => writer.forgetMarks(kind, before),
    },
    clock: { now: () => now, elapsed: () => now },
    telemetry: { ran: () => {}, note: () => {}, warn: (message) => void warned.push(message) },
    memory: new PeakMemory(() => 5000),
    surroundings,
  });
}

async function recorded(): Promise<Record<string, unknown>[]> {
  const query = { dataset: RUNS_DATASET, filter: null, sort: [], fields: null, size: 100_000 };
  const start = { kind: 'offset', offset: 0 } as const;
  const { records } = await engine.reader.page({ ...query, start }, { at: null, signal: NEVER });
  return records.map(({ json }) => JSON.parse(json).data);
}

test('what is told together is one commit, and a run that has ended by then is written once', async () => {
  const recorder = newRecorder();
  const first = recorder.begin({ ...subject, id: '6a1d0000-0000-4000-8000-000000000001' });
  first.tell();
  now = 1250.5;
  first.end(succeeded);
  recorder.begin(subject).end({ ...succeeded, error: new DataForgeError('key_exists', 'It is there.') });
  recorder.begin(subject).end({ ...succeeded, error: new TypeError('ours') });
  recorder.begin(subject).discard();
  await recorder.close();
  expect(commits).toEqual([3]);
  const runs = await recorded();
  expect(runs[0]).toMatchObject({
    run_id: '6a1d0000-0000-4000-8000-000000000001',
    kind: 'load',
    name: 'csv',
    dataset: 'wells',
    caller: 'ann',
    state: 'succeeded',
    started_at: '1970-01-01T00:00:01Z',
    ended_at: '1970-01-01T00:00:01.25Z',
    duration_ms: 250.5,
    rows_read: 3,
    rows_written: null,
    peak_memory_bytes: 5000,
    queue_ms: null,
    write_ms: 1.5,
    engine: 'memory',
    software_version: '1.0.0',
    instance: 'here',
    settings: { engine_threads: 2, on_invalid: 'abort' },
  });
  expect(runs.slice(1).map(({ state, error_code, error_message }) => [state, error_code, error_message])).toEqual([
    ['failed', 'key_exists', 'It is there.'],
    ['failed', 'internal', 'It failed inside; see the log.'],
  ]);
});

test('what is told while a commit goes on waits for the next turn', async () => {
  const recorder = newRecorder();
  recorder.begin(subject).end(succeeded);
  onCommit = () => {
    if (commits.length < 5) recorder.begin(subject).end(succeeded);
  };
  await recorder.flush();
  expect(commits).toEqual([1]);
  await recorder.close();
});

test('a run that takes long is running first, and then has the record of its end', async () => {
  const recorder = newRecorder();
  const run = recorder.begin(subject);
  run.tell();
  await recorder.flush();
  expect(await recorded()).toMatchObject([{ state: 'running', ended_at: null, duration_ms: null }]);
  run.end({ ...succeeded, error: new DataForgeError('cancelled', 'Nobody waits.') });
  await recorder.close();
  expect(await recorded()).toMatchObject([{ state: 'cancelled', error_message: 'Nobody waits.' }]);
});

test('what cannot be written is said once, holds nobody up, and is written when it can be', async () => {
  const recorder = newRecorder();
  failure = new Error('the disk is full');
  for (let run = 0; run < 3; run++) {
    recorder.begin(subject).end(succeeded);
    await recorder.flush();
  }
  expect([warned, commits]).toEqual([['runs are not recorded'], []]);
  failure = null;
  await recorder.close();
  expect(await recorded()).toHaveLength(3);
});

test('no more wait than have a place, and large heaps go in several commits', async () => {
  const recorder = newRecorder();
  for (let run = 0; run < 10_002; run++) recorder.begin(subject).end(succeeded);
  expect(warned).toHaveLength(1);
  await recorder.close();
  expect(commits).toEqual(Array(10).fill(1000));
});

test('texts that no store takes are recorded without what makes them so', async () => {
  const recorder = newRecorder();
  const error = new DataForgeError('source_failed', `a\0b\ud800${'x'.repeat(5000)}`);
  recorder.begin(subject).end({ ...succeeded, error });
  await recorder.close();
  const [run] = await recorded();
  expect(String(run?.error_message)).toMatch(/^ab\ufffdx+$/);
  expect(run?.error_message).toHaveLength(4000);
});
