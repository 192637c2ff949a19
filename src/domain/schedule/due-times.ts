import type { Schedule, Trigger } from './schedule.ts';

/** The first time after another at which a pattern of cron is due in a time zone; null where there is none. Milliseconds since 1970. */
export type NextCron = (cron: string, zone: string, after: number) => number | null;

/** A time that is noticed no later than this, in milliseconds, has not been missed. */
const ON_TIME = 60_000;

/** Times that are looked at to find the last of those that have passed. */
const MOST_TIMES = 100_000;

/** When a trigger by time is due next; null where it never is, or is no trigger by time. */
export function nextDue(trigger: Trigger, after: number, nextCron: NextCron): number | null {
  switch (trigger.kind) {
    case 'cron':
      return nextCron(trigger.cron, trigger.zone, after);
    case 'every':
      return after + trigger.every;
    default:
      return null;
  }
}

/** What the times that have passed come to. */
export interface Due {
  /** Whether a run is to be begun. */
  readonly runs: boolean;
  /** Times up to this one are done with once that has happened. */
  readonly settled: number;
}

/**
 * What has become due since the times up to `settled` were done with.
 * @returns null where nothing has
 */
export function dueBy(
  { trigger, catchUp }: Pick<Schedule, 'trigger' | 'catchUp'>,
  settled: number,
  now: number,
  nextCron: NextCron,
): Due | null {
  const first = nextDue(trigger, settled, nextCron);
  if (first === null || first > now) return null;
  if (catchUp === 'each') return { runs: true, settled: first };
  const last = lastDue(trigger, first, now, nextCron);
  return { runs: catchUp === 'one' || now - last <= ON_TIME, settled: last };
}

function lastDue(trigger: Trigger, first: number, now: number, nextCron: NextCron): number {
  if (trigger.kind === 'every') return first + Math.floor((now - first) / trigger.every) * trigger.every;
  let last = first;
  for (let looked = 0; looked < MOST_TIMES; looked++) {
    const next = nextDue(trigger, last, nextCron);
    if (next === null || next > now) return last;
    last = next;
  }
  return now;
}
