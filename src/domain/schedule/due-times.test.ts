import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nextCron } from '#infrastructure/cron.ts';
import { dueBy, nextDue } from './due-times.ts';
import type { Schedule } from './schedule.ts';

const at = (text: string) => Date.parse(text);
const cron = (pattern: string, zone = 'UTC') => ({ kind: 'cron', cron: pattern, zone }) as const;
const MINUTE = 60_000;

describe('times of cron', () => {
  test.each([
    ['30 2 * * *', 'Europe/Oslo', '2026-03-28T12:00:00Z', '2026-03-29T01:00:00Z', 'a time that the clocks leave out'],
    ['30 2 * * *', 'Europe/Oslo', '2026-10-24T12:00:00Z', '2026-10-25T00:30:00Z', 'a time that comes twice'],
    ['30 2 * * *', 'Europe/Oslo', '2026-10-25T00:30:00Z', '2026-10-26T01:30:00Z', 'and not the second time'],
    ['0 6 * * 1-5', 'America/New_York', '2026-11-27T12:00:00Z', '2026-11-30T11:00:00Z', 'weekdays'],
    ['*/30 * * * *', 'Europe/Oslo', '2026-03-29T00:30:00Z', '2026-03-29T01:00:00Z', 'intervals go on evenly'],
    ['@daily', 'Asia/Kolkata', '2026-01-01T00:00:00Z', '2026-01-01T18:30:00Z', 'a zone of half an hour'],
    ['0 0 29 2 *', 'UTC', '2026-01-01T00:00:00Z', '2028-02-29T00:00:00Z', 'a day that few years have'],
  ])('%s in %s after %s is %s: %s', (pattern, zone, after, next) => {
    const found = nextDue(cron(pattern, zone), at(after), nextCron);
    expect(found === null ? null : new Date(found).toISOString()).toBe(new Date(next).toISOString());
  });
});

describe('what has become due', () => {
  const hourly = cron('0 * * * *');
  const settled = at('2026-01-01T00:00:00Z');
  const due = (catchUp: Schedule['catchUp'], now: string) => {
    const found = dueBy({ trigger: hourly, catchUp }, settled, at(now), nextCron);
    return found === null ? null : [found.runs, new Date(found.settled).toISOString().slice(11, 16)];
  };

  test('nothing before its time, and what is noticed in time is not missed', () => {
    for (const catchUp of ['none', 'one', 'each'] as const) {
      expect(due(catchUp, '2026-01-01T00:59:59Z')).toBeNull();
      expect(due(catchUp, '2026-01-01T01:00:20Z')).toEqual([true, '01:00']);
    }
  });

  test('of times that were missed none, one or each is made up for', () => {
    expect(due('none', '2026-01-01T05:30:00Z')).toEqual([false, '05:00']);
    expect(due('one', '2026-01-01T05:30:00Z')).toEqual([true, '05:00']);
    expect(due('each', '2026-01-01T05:30:00Z')).toEqual([true, '01:00']);
    expect(due('none', '2026-01-01T05:00:30Z')).toEqual([true, '05:00']);
  });

  test('intervals keep their rhythm however late they are looked at', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1000, max: 100 * MINUTE }),
        fc.integer({ min: 0, max: 10_000 * MINUTE }),
        (every, late) => {
          const found = dueBy({ trigger: { kind: 'every', every }, catchUp: 'one' }, settled, settled + late, nextCron);
          if (late < every) return found === null;
          return found !== null && (found.settled - settled) % every === 0 && settled + late - found.settled < every;
        },
      ),
    );
  });
});
