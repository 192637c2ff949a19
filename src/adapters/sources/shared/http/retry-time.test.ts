import { expect, test } from 'vitest';
import { retryTime } from './retry-time.ts';

const NOW = 1_700_000_000_000;

test.each([
  [{}, null],
  [{ 'retry-after': '5' }, NOW + 5000],
  [{ 'retry-after': 'Tue, 14 Nov 2023 22:13:30 GMT' }, NOW + 10_000],
  [{ 'retry-after': 'soon' }, null],
  [{ 'ratelimit-reset': '3' }, NOW + 3000],
  [{ 'x-ratelimit-reset': '1700000060' }, NOW + 60_000],
  [{ 'retry-after': '1', 'ratelimit-reset': '9' }, NOW + 1000],
])('of %j it is %s', (headers, time) => {
  expect(retryTime(new Headers(headers as Record<string, string>), NOW)).toBe(time);
});
