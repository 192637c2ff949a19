import type { BenchContext } from '../context.ts';
import { startCeiling } from '../harness/ceiling.ts';
import { type Load, type LoadRequest, runLoad } from '../harness/load.ts';
import type { BenchServer } from '../harness/server.ts';
import { figure, type Measurement, rate } from '../harness/table.ts';
import { someIds } from './flights.ts';

/** What single writes send. */
export const FLIGHT = { date: '2001-01-01T00:01:00Z', delay: 33, distance: 2176, origin: 'LAS', destination: 'PHL' };
const CREATE_FLIGHT = JSON.stringify({ schema_name: 'flights', data: FLIGHT });
export const CREATE_ONE = { method: 'POST', path: '/api/v1/records', body: CREATE_FLIGHT } as const;
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

/** What a server does with one kind of request, and a bare route that answers the same bytes, headers and all. */
export interface LoadBesideCeiling {
  readonly ours: Load;
  readonly bare: Load;
}

/** Flights are made one by one. */
export function createOnes(context: BenchContext, server: BenchServer): Promise<LoadBesideCeiling> {
  return loadBesideCeiling(context, server, () => CREATE_ONE);
}

/** Flights of a store that holds some are read by their ids. */
export async function readOnes(context: BenchContext, server: BenchServer): Promise<LoadBesideCeiling> {
  return loadBesideCeiling(context, server, readAnyOf(await someIds(server.url, 2000)));
}

/** Requests for records by their ids, at random. */
export function readAnyOf(ids: readonly string[]): () => LoadRequest {
  return () => ({ method: 'GET', path: `/api/v1/records/flights/${ids[Math.floor(Math.random() * ids.length)]}` });
}

async function loadBesideCeiling(
  context: BenchContext,
  server: BenchServer,
  next: () => LoadRequest,
): Promise<LoadBesideCeiling> {
  const ceiling = await startCeiling(server, next());
  try {
    const load = (target: BenchServer) => runLoad(target.url, CONNECTIONS, context.loadMilliseconds, next);
    await load(server);
    const [ours, bare]: [Load[], Load[]] = [[], []];
    for (let round = 0; round < context.rounds; round++) {
      bare.push(await load(ceiling));
      ours.push(await load(server));
    }
    const failures = ours.reduce((sum, each) => sum + each.failures, 0);
    if (failures > 0) throw new Error(`${failures} requests failed`);
    return { ours: middleOf(ours), bare: middleOf(bare) };
  } finally {
    await ceiling.stop();
  }
}

/** Of several loads that with the middle rate. */
function middleOf(loads: readonly Load[]): Load {
  const ordered = loads.toSorted((a, b) => a.perSecond - b.perSecond);
  const middle = ordered[Math.floor(ordered.length / 2)];
  if (middle === undefined) throw new RangeError('there is no load to take the middle of');
  return middle;
}
