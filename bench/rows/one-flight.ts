import type { Load } from '../harness/load.ts';
import { figure, type Measurement, rate } from '../harness/table.ts';

/** What single writes send. */
export const FLIGHT = { date: '2001-01-01T00:01:00Z', delay: 33, distance: 2176, origin: 'LAS', destination: 'PHL' };
export const CREATE_FLIGHT = JSON.stringify({ schema_name: 'flights', data: FLIGHT });
/** What is answered. */
export const CREATED_FLIGHT = JSON.stringify({
  success: true,
  message: 'Created',
  record: {
    id: '0190a6c2-1b7e-7cc3-9d2f-5e8f3c1a2b4d',
    schema_name: 'flights',
    data: FLIGHT,
    created_at: '2024-01-15T10:30:00.123Z',
    updated_at: '2024-01-15T10:30:00.123Z',
    version: 1,
  },
});
export const CONNECTIONS = 64;

/** A row against so many times the in-process limit or half of the ceiling, whichever is lower. */
export function besideCeiling(
  work: string,
  load: Load,
  bare: Load,
  limit: number,
  against: string,
  times: number,
): Measurement[] {
  if (load.failures > 0) throw new Error(`${work}: ${load.failures} requests failed`);
  const byLimit = limit * times < bare.perSecond * 0.5;
  return [
    byLimit
      ? rate(work, load.perSecond, 'requests/s', limit, against, times)
      : rate(work, load.perSecond, 'requests/s', bare.perSecond, 'the ceiling', 0.5),
    figure(`  its ceiling, a bare route`, bare.perSecond, 'requests/s'),
    figure(`  ${against}, in-process`, limit, 'calls/s'),
    figure('  p99', load.p99, 'ms'),
  ];
}
