import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MemoryEngine } from '#adapters/storage/memory/memory-engine.ts';
import type { Schedule } from '#domain/schedule/schedule.ts';
import { nextCron } from '#infrastructure/cron.ts';
import { compileRe2 } from '#infrastructure/re2.ts';
import { ScheduleStates } from './schedule-states.ts';
import { type Scheduled, Scheduler } from './scheduler.ts';

const MINUTE = 60_000;
const START = Date.parse('2026-01-01T00:00:30Z');

describe('a scheduler', () => {
  let now: number;
  let begun: string[];
  let warnings: string[];
  let states: ScheduleStates;
  let schedulers: Scheduler[];
  beforeEach(() => {
    now = START;
    begun = [];
    warnings = [];
    states = new ScheduleStates(new MemoryEngine({ compilePattern: compileRe2 }).writer);
    schedulers = [];
  });
  afterEach(async () => {
    for (const scheduler of schedulers) await scheduler.close();
  });

  const minutely = (more: Partial<Schedule> = {}): Schedule => ({
    trigger: { kind: 'cron', cron: '* * * * *', zone: 'UTC' },
    catchUp: 'one',
    jitter: 0,
    paused: false,
    ...more,
  });
  const job = (schedule: Schedule, more: Partial<Scheduled> = {}): Scheduled => ({
    name: 'job',
    schedule,
    start: async (due) => {
      begun.push(new Date(due).toISOString().slice(11, 19));
      return true;
    },
    ...more,
  });
  const open = (scheduled: Scheduled, instance = 'a') => {
    const scheduler = new Scheduler({
      scheduled: () => [scheduled],
      states,
      clock: { now: () => now, elapsed: () => now },
      nextCron,
      telemetry: { ran: () => {}, note: () => {}, warn: (message) => void warnings.push(message) },
      instance,
    });
    schedulers.push(scheduler);
    return scheduler;
  };
  const pass = async (milliseconds: number, ...who: Scheduler[]) => {
    now += milliseconds;
    await Promise.all(who.map((scheduler) => scheduler.wake()));
  };

  test('begins what is due, once, and nothing when it first sees it', async () => {
    const scheduler = open(job(minutely()));
    await scheduler.wake();
    expect(begun).toEqual([]);
    expect(await scheduler.next(job(minutely()))).toEqual({ at: START + 30_000, paused: false });
    await pass(30_000, scheduler);
    await pass(1000, scheduler);
    await pass(MINUTE, scheduler);
    expect(begun).toEqual(['00:01:00', '00:02:00']);
  });

  test('knows after a restart what was due meanwhile', async () => {
    for (const [catchUp, expected] of [
      ['one', ['00:05:00']],
      ['each', ['00:01:00', '00:02:00', '00:03:00', '00:04:00', '00:05:00']],
    ] as const) {
      begun = [];
      now = START;
      const scheduled = job(minutely({ catchUp }), { name: catchUp });
      const first = open(scheduled);
      await first.wake();
      await first.close();
      await pass(5 * MINUTE, open(scheduled));
      expect(begun).toEqual(expected);
    }
    begun = [];
    now = START;
    const hourly = minutely({ catchUp: 'none', trigger: { kind: 'cron', cron: '0 * * * *', zone: 'UTC' } });
    const scheduled = job(hourly, { name: 'none' });
    await open(scheduled).wake();
    await pass(90 * MINUTE, open(scheduled));
    expect(begun).toEqual([]);
  });

  test('of several instances one begins it', async () => {
    const instances = ['a', 'b', 'c', 'd'].map((instance) => open(job(minutely()), instance));
    await Promise.all(instances.map((each) => each.wake()));
    for (let minute = 0; minute < 20; minute++) await pass(MINUTE, ...instances);
    expect(begun).toHaveLength(20);
    expect(new Set(begun).size).toBe(20);
  });

  test('what one had claimed that died is begun by another', async () => {
    const died = open(job(minutely(), { start: () => new Promise<boolean>(() => {}) }), 'died');
    await died.wake();
    now += MINUTE;
    void died.wake();
    schedulers = [];
    await new Promise((resolve) => setTimeout(resolve, 20));
    const other = open(job(minutely()), 'other');
    await pass(1000, other);
    expect(begun).toEqual([]);
    await pass(61_000, other);
    expect(begun[0]).toBe('00:01:00');
  });

  test('what goes on already is begun when it has ended', async () => {
    let isBusy = true;
    const scheduled = job(minutely(), {
      start: async (due) => {
        if (!isBusy) begun.push(new Date(due).toISOString().slice(11, 19));
        return !isBusy;
      },
    });
    const scheduler = open(scheduled);
    await scheduler.wake();
    await pass(3 * MINUTE, scheduler);
    expect(begun).toEqual([]);
    isBusy = false;
    await pass(10_000, scheduler);
    expect(begun).toEqual(['00:03:00']);
  });

  test('a pause holds over restarts, and what was due in it is not caught up', async () => {
    const scheduled = job(minutely());
    const scheduler = open(scheduled);
    await scheduler.wake();
    await scheduler.pause('job', true);
    await pass(5 * MINUTE, scheduler);
    const restarted = open(scheduled);
    await pass(5 * MINUTE, restarted);
    expect(begun).toEqual([]);
    expect(await restarted.next(scheduled)).toEqual({ at: null, paused: true });
    await restarted.pause('job', false);
    expect(begun).toEqual([]);
    await pass(MINUTE, restarted);
    expect(begun).toEqual(['00:11:00']);
  });

  test('a file that says paused waits until somebody resumes it', async () => {
    const scheduler = open(job(minutely({ paused: true })));
    await scheduler.wake();
    await pass(5 * MINUTE, scheduler);
    expect(begun).toEqual([]);
    await scheduler.pause('job', false);
    await pass(MINUTE, scheduler);
    expect(begun).toHaveLength(1);
  });

  test('a clock that is set back or forth begins nothing twice and stops nothing for long', async () => {
    const scheduler = open(job(minutely()));
    await scheduler.wake();
    await pass(MINUTE, scheduler);
    await pass(-60 * MINUTE, scheduler);
    expect(begun).toEqual(['00:01:00']);
    await pass(MINUTE, scheduler);
    await pass(MINUTE, scheduler);
    expect(begun.slice(1)).toEqual(['23:02:00', '23:03:00']);
    await pass(24 * 60 * MINUTE, scheduler);
    expect(begun).toHaveLength(4);
  });

  test('a jitter is the same in every instance and no longer than it may be', async () => {
    const schedule = minutely({ jitter: 20_000 });
    const [a, b] = [open(job(schedule), 'a'), open(job(schedule), 'b')];
    await a.wake();
    const next = await a.next(job(schedule));
    expect(await b.next(job(schedule))).toEqual(next);
    expect(next.at).toBeGreaterThanOrEqual(START + 30_000);
    expect(next.at).toBeLessThanOrEqual(START + 50_000);
    now = (next.at ?? 0) - 1;
    await a.wake();
    expect(begun).toEqual([]);
    now += 1;
    await a.wake();
    expect(begun).toEqual(['00:01:00']);
  });

  test('events are answered once, those that come while it runs afterwards', async () => {
    let event = 7;
    let isBusy = false;
    const scheduled = job(minutely({ trigger: { kind: 'change', dataset: 'd' } }), {
      start: async (due) => {
        if (!isBusy) begun.push(String(due));
        return !isBusy;
      },
      lastEvent: async () => event,
    });
    const scheduler = open(scheduled);
    await scheduler.wake();
    expect(begun).toEqual([]);
    event = 8;
    await scheduler.wake();
    await scheduler.wake();
    isBusy = true;
    event = 11;
    await scheduler.wake();
    isBusy = false;
    await open(scheduled).wake();
    expect(begun).toEqual(['8', '11']);
  });

  test('what cannot be begun is told, and does not hold up what comes after', async () => {
    const scheduled = job(minutely(), { start: () => Promise.reject(new Error('no')) });
    const scheduler = open(scheduled);
    await scheduler.wake();
    await pass(MINUTE, scheduler);
    await pass(MINUTE, scheduler);
    expect(warnings).toEqual(['what was due could not be begun', 'what was due could not be begun']);
  });
});
