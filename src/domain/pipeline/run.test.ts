import { expect, test } from 'vitest';
import { starterOf } from './run.ts';

test('what has begun a run is kept with it, whatever the one who asked is called; a former version kept the caller alone', () => {
  expect(starterOf({ startedBy: 'request', caller: 'schedule' })).toBe('request');
  expect(starterOf({ startedBy: 'schedule', caller: 'anna' })).toBe('schedule');
  expect(starterOf({ caller: 'schedule' })).toBe('schedule');
  expect(starterOf({ caller: 'push' })).toBe('push');
  expect(starterOf({ caller: 'anna' })).toBe('request');
});
