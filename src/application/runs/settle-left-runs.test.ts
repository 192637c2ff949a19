import { beforeEach, expect, test } from 'vitest';
import { MemoryEngine } from '#adapters/storage/memory/memory-engine.ts';
import { NO_FIGURES, type RunRecord } from '#domain/run/run-record.ts';
import { RUNS_DATASET } from '#domain/run/runs-dataset.ts';
import { compileRe2 } from '#infrastructure/re2.ts';
import { NEVER } from '../call.ts';
import { forgetOldRuns } from './forget-old-runs.ts';
import { markAlive } from './live-instances.ts';
import { RECORDS_ORIGIN, recordChange } from './record-change.ts';
import { settleLeftRuns } from './settle-left-runs.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

let engine: MemoryEngine;
let now: number;
const clock = { now: () => now, elapsed: () => now };

beforeEach(async () => {
  engine = new MemoryEngine({ compilePattern: compileRe2 });
  await engine.datasets.apply(await engine.datasets.plan(RUNS_DATASET), { acceptLoss: false });
  now = 1_700_000_000_000;
});

async function record(name: string, more: Partial<RunRecord> & { readonly instance: string }): Promise<void> {
  const { instance, ...rest } = more;
  const run: RunRecord = {
    id: crypto.randomUUID(),
    kind: 'load',
    name,
    dataset: 'wells',
    caller: 'ann',
    state: 'running',
    startedAt: now,
    endedAt: null,
    error: null,
    figures: NO_FIGURES,
    stages: {},
    peakMemory: null,
    processor: null,
    startedBy: null,
    rolledBackAt: null,
    surroundings: { engine: 'memory', softwareVersion: '1', instance, settings: {} },
    ...rest,
  };
  await engine.writer.commit([{ changes: [recordChange(run)], marks: [], origin: RECORDS_ORIGIN }]);
}

async function states(): Promise<Record<string, string>> {
  const query = { dataset: RUNS_DATASET, filter: null, sort: [], fields: null, size: 1000 };
  const start = { kind: 'offset', offset: 0 } as const;
  const { records } = await engine.reader.page({ ...query, start }, { at: null, signal: NEVER });
  return Object.fromEntries(records.map(({ json }) => JSON.parse(json).data).map(({ name, state }) => [name, state]));
}

function settle(isShared: boolean, settlePipelineRun = async (_id: string) => true): Promise<void> {
  const { reader, writer } = engine;
  const hasEnded = (instance: string) => instance === 'gone from here';
  return settleLeftRuns({ reader, writer, clock, instance: 'here', isShared, hasEnded, settlePipelineRun });
}

test('in a store of one process, all that others have left is over', async () => {
  await record('mine', { instance: 'here' });
  await record('left', { instance: 'there' });
  await record('ended', { instance: 'there', state: 'succeeded', endedAt: now });
  await settle(false);
  expect(await states()).toEqual({ mine: 'running', left: 'died', ended: 'succeeded' });
});

test('in a store of several, what an instance has left that has been silent for long', async () => {
  await record('theirs', { instance: 'there' });
  await record('nobody', { instance: 'never told' });
  await record('ours', { instance: 'gone from here' });
  await engine.writer.commit([markAlive('there', clock), markAlive('gone from here', clock)]);
  await settle(true);
  expect(await states()).toEqual({ theirs: 'running', nobody: 'died', ours: 'died' });
  now += 3 * MINUTE;
  await settle(true);
  expect(await states()).toEqual({ theirs: 'died', nobody: 'died', ours: 'died' });
});

test('a run of a pipeline is over where its history does not know it', async () => {
  await record('known', { instance: 'there', kind: 'pipeline' });
  await settle(false);
  expect(await states()).toEqual({ known: 'running' });
  await settle(false, async () => false);
  expect(await states()).toEqual({ known: 'died' });
});

test('old runs are forgotten, with what they once were', async () => {
  await record('old', { instance: 'here', state: 'failed' });
  await record('going on', { instance: 'here' });
  now += 2 * DAY;
  await record('new', { instance: 'here', state: 'failed' });
  const { writer, maintenance } = engine;
  await forgetOldRuns({ writer, maintenance, clock, keptFor: null });
  expect(await states()).toEqual({ old: 'failed', 'going on': 'running', new: 'failed' });
  await forgetOldRuns({ writer, maintenance, clock, keptFor: DAY });
  expect(await states()).toEqual({ 'going on': 'running', new: 'failed' });
});
