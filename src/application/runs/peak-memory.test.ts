import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { PeakMemory } from './peak-memory.ts';

/** Longer than what the system has said will do. */
const NEXT = 60;

test('each has the most there was since it began, whoever looked', async () => {
  let bytes = 100;
  const memory = new PeakMemory(() => bytes);
  const first = memory.begin();
  await sleep(NEXT);
  bytes = 300;
  const second = memory.begin();
  await sleep(NEXT);
  bytes = 200;
  const third = memory.begin();
  expect([first.bytes, second.bytes, third.bytes]).toEqual([300, 300, 200]);
  for (const peak of [first, second, third]) peak.stop();
});

test('the system is not asked for each of many at once', () => {
  let asked = 0;
  const memory = new PeakMemory(() => ++asked);
  for (let run = 0; run < 1000; run++) memory.begin().stop();
  expect(asked).toBeLessThan(1000);
});
