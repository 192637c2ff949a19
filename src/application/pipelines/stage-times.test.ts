import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { StageTimes } from './stage-times.ts';

async function* chunks(count: number, wait: number) {
  for (let chunk = 0; chunk < count; chunk++) {
    await sleep(wait);
    yield Uint8Array.of(chunk);
  }
}

test('the time of a stage is without that of the stages it waits for', async () => {
  const times = new StageTimes({ write: 1000 });
  const source = times.rows('source', { format: 'ndjson', body: chunks(4, 20) });
  const slowly = async function* () {
    for await (const chunk of source.body) {
      await sleep(5);
      yield chunk;
    }
  };
  const rows = times.rows('transform', { format: 'ndjson', body: slowly() });
  let read = 0;
  const begun = performance.now();
  await times.time('write', async () => {
    for await (const _ of rows.body) read++;
  });
  const took = performance.now() - begun;
  const { source: waited = 0, transform = 0, write = 0 } = times.stages;
  expect(read).toBe(4);
  // Sleeping is never shorter than was asked for, but for the rounding of its clock.
  expect(waited).toBeGreaterThan(4 * 19);
  expect(transform).toBeGreaterThan(4 * 4);
  expect(write).toBeGreaterThanOrEqual(1000);
  expect(waited + transform + write - 1000).toBeLessThanOrEqual(took + 1);
});

test('a body that is not read to its end is closed', async () => {
  let closed = false;
  const body = async function* () {
    try {
      yield* chunks(100, 0);
    } finally {
      closed = true;
    }
  };
  const times = new StageTimes();
  for await (const _ of times.rows('source', { format: 'csv', body: body() }).body) break;
  expect(closed).toBe(true);
});
