import { expect, test } from 'vitest';
import { DataForgeError } from '#domain/errors.ts';
import type { JobPipeline } from '#domain/pipeline/pipeline.ts';
import { NO_TRACES } from '#domain/run/trace.ts';
import { NEVER } from '../call.ts';
import type { JobOpening, StoreUpkeep } from '../ports/registered-job.ts';
import { runRegisteredJob } from './run-registered-job.ts';
import { StageTimes } from './stage-times.ts';

const PIPELINE = {
  kind: 'job',
  name: 'p',
  job: { kind: 'probe', options: { word: 'x' } },
  retry: { attempts: 3, wait: 1, most: 2 },
} as unknown as JobPipeline;

function running(run: (options: unknown, opening: JobOpening) => Promise<void>, signal: AbortSignal = NEVER) {
  const said: string[] = [];
  const counts = { retries: 0 };
  const span = NO_TRACES.begin({ name: '', kind: 'consumer', parent: null, facts: {}, startedAt: null });
  const progress = {
    log: (message: string) => void said.push(message),
    times: new StageTimes(),
    span,
    stored: () => {},
    retried: () => void counts.retries++,
  };
  const ports = {
    jobs: [{ kind: 'probe', description: '', options: {}, run }],
    storeFor: () => ({}) as StoreUpkeep,
    clock: { now: () => 0, elapsed: () => 0 },
    folder: '/place',
  };
  const asked = { pipeline: PIPELINE, run: 'r', window: null, caller: 'ann', startedBy: 'request' as const };
  return { said, counts, end: runRegisteredJob(ports, asked, progress, signal) };
}

const away = new DataForgeError('unavailable', 'Away.', { retryable: true });

test('a job is tried again where it fails in a way that may pass, as often as the pipeline says', async () => {
  let calls = 0;
  const passing = running(async (options, { folder, pipeline, note }) => {
    expect([options, folder, pipeline]).toEqual([{ word: 'x' }, '/place', 'p']);
    if (++calls < 3) throw away;
    note('done');
  });
  await passing.end;
  expect(passing.counts.retries).toBe(2);
  expect(passing.said).toEqual([
    expect.stringMatching(/^Away\. Going on in .* s, attempt 2 of 3$/),
    expect.stringMatching(/attempt 3 of 3$/),
    'done',
  ]);
  await expect(running(() => Promise.reject(away)).end).rejects.toBe(away);
});

test('what cannot pass is not tried again', async () => {
  const failing = running(() => Promise.reject(new DataForgeError('invalid_parameter', 'Never.')));
  await expect(failing.end).rejects.toThrow('Never.');
  expect(failing.counts.retries).toBe(0);
});

test('a run that is cancelled ends the job, also while it waits to be tried again', async () => {
  const cancelled = new DataForgeError('cancelled', 'Cancelled.');
  const during = new AbortController();
  const job = running(
    (_, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('ended')))),
    during.signal,
  );
  during.abort(cancelled);
  await expect(job.end).rejects.toBe(cancelled);
  const between = new AbortController();
  const waiting = running(async () => {
    between.abort(cancelled);
    throw away;
  }, between.signal);
  await expect(waiting.end).rejects.toBe(cancelled);
});
