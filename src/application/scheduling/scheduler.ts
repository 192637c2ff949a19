import { dueBy, type NextCron, nextDue } from '#domain/schedule/due-times.ts';
import type { Schedule } from '#domain/schedule/schedule.ts';
import type { Clock } from '../ports/clock.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { ReadState, ScheduleState, ScheduleStates } from './schedule-states.ts';

/** Something that is begun by itself. */
export interface Scheduled {
  readonly name: string;
  readonly schedule: Schedule;
  /**
   * Begins it.
   * @param due the time it is begun for
   * @returns false where it cannot be begun now, because it goes on already
   */
  start(due: number): Promise<boolean>;
  /** For triggers that are not of time: the number of the last thing that has happened since another; that other where nothing has. */
  lastEvent?(since: number): Promise<number>;
  /** The number it begins behind where it has not been seen before; absent: that of the last thing that has happened. */
  readonly first?: number;
  /** How soon it has to be looked at again, in milliseconds, where nothing tells of what happens. */
  readonly lookEvery?: number;
}

export interface SchedulerOptions {
  /** What there is now. */
  readonly scheduled: () => readonly Scheduled[];
  readonly states: ScheduleStates;
  readonly clock: Clock;
  readonly nextCron: NextCron;
  readonly telemetry: Telemetry;
  /** Tells this instance from others on the same store. */
  readonly instance: string;
}

/** The longest sleep: clocks are set, and other instances move schedules on. */
const LONGEST_SLEEP = 15_000;
/** How soon to look again at what could not be begun. */
const BUSY_SLEEP = 1000;
/** Who has claimed a time and not begun it for so long is taken for dead. */
const CLAIM_LASTS = 60_000;

/**
 * Begins what is due. Times are claimed in the store before anything is begun, so that of several instances one does it, and what one
 * that died had claimed is begun by another.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | null = null;
  #isWoken = false;
  #isClosed = false;

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  /** Looks at once whether something is due: at the start, after a run, after a change. @returns when that is done */
  wake(): Promise<void> {
    this.#isWoken = true;
    if (this.#isClosed) return Promise.resolve();
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  /** What a person has said of a schedule holds over restarts; what was due while it was paused is not caught up. */
  async pause(name: string, paused: boolean): Promise<void> {
    for (;;) {
      const read = await this.#options.states.read(name);
      const now = this.#options.clock.now();
      const before = read.state ?? { settled: now, claim: null, paused: null };
      const settled = paused ? before.settled : await this.#settledNow(name, now);
      if ((await this.#options.states.move(name, read, { settled, claim: null, paused })) !== null) break;
    }
    await this.wake();
  }

  /** Whether a person holds something that is not begun by time: it waits until it is let go on. */
  async isHeld(name: string): Promise<boolean> {
    return (await this.#options.states.read(name)).state?.paused ?? false;
  }

  /** When something is due next, and whether it waits for a person. */
  async next({ name, schedule }: Pick<Scheduled, 'name' | 'schedule'>): Promise<{
    readonly at: number | null;
    readonly paused: boolean;
  }> {
    const { state } = await this.#options.states.read(name);
    const paused = state?.paused ?? schedule.paused;
    const settled = state?.settled ?? this.#options.clock.now();
    return { at: paused ? null : this.#nextAfter(schedule, name, settled), paused };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  async #look(): Promise<void> {
    let sleep = LONGEST_SLEEP;
    while (this.#isWoken && !this.#isClosed) {
      this.#isWoken = false;
      sleep = LONGEST_SLEEP;
      for (const each of this.#options.scheduled()) {
        try {
          sleep = Math.min(sleep, await this.#settle(each));
        } catch (err) {
          this.#options.telemetry.warn('a schedule could not be looked at', { schedule: each.name, err });
        }
      }
    }
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => void this.wake(), sleep);
    this.#timer.unref();
  }

  /** @returns milliseconds until it is to be looked at again */
  async #settle(scheduled: Scheduled): Promise<number> {
    const { clock, states } = this.#options;
    const { name, schedule } = scheduled;
    const read = await states.read(name);
    const now = clock.now();
    if (read.state === null) {
      const settled = scheduled.first ?? (await this.#settledNow(name, now));
      await states.move(name, read, { settled, claim: null, paused: null });
      return this.#untilNext(scheduled, now, now);
    }
    const { state } = read;
    if (state.paused ?? schedule.paused) return LONGEST_SLEEP;
    if (state.claim !== null) return this.#takeOver(scheduled, read, state, now);
    if (isByTime(schedule) && state.settled > now) {
      // The clock has been set back: what is due counts from here.
      await states.move(name, read, { ...state, settled: now });
      return BUSY_SLEEP;
    }
    const due = await this.#dueBy(scheduled, state.settled, now);
    if (due === null) return this.#untilNext(scheduled, state.settled, now);
    if (!due.runs) {
      await states.move(name, read, { ...state, settled: due.settled });
      return 0;
    }
    return this.#begin(scheduled, read, state, due.settled, now);
  }

  async #begin(
    scheduled: Scheduled,
    read: ReadState,
    state: ScheduleState,
    settled: number,
    now: number,
  ): Promise<number> {
    const { states, instance } = this.#options;
    const claim = { by: instance, at: now, settled };
    const claimed = await states.move(scheduled.name, read, { ...state, claim });
    if (claimed === null) return BUSY_SLEEP;
    const isBegun = await scheduled.start(settled).catch((err: unknown) => {
      this.#options.telemetry.warn('what was due could not be begun', { schedule: scheduled.name, err });
      return true;
    });
    await states.move(scheduled.name, claimed, { ...state, claim: null, settled: isBegun ? settled : state.settled });
    if (isBegun) this.#isWoken = true;
    return BUSY_SLEEP;
  }

  /** What somebody had claimed, who did not come to begin it. */
  async #takeOver(scheduled: Scheduled, read: ReadState, state: ScheduleState, now: number): Promise<number> {
    const { claim } = state;
    if (claim === null) return BUSY_SLEEP;
    const isOld = Math.abs(now - claim.at) > CLAIM_LASTS;
    return isOld ? this.#begin(scheduled, read, state, claim.settled, now) : BUSY_SLEEP;
  }

  async #dueBy({ name, schedule, lastEvent }: Scheduled, settled: number, now: number) {
    if (isByTime(schedule)) {
      const first = this.#nextAfter(schedule, name, settled);
      return first === null || first > now ? null : dueBy(schedule, settled, now, this.#options.nextCron);
    }
    const event = (await lastEvent?.(settled)) ?? settled;
    return event > settled ? { runs: true, settled: event } : null;
  }

  /** Where a schedule begins that has not been seen before, or is gone on with: behind all that was. */
  async #settledNow(name: string, now: number): Promise<number> {
    const scheduled = this.#options.scheduled().find((each) => each.name === name);
    if (scheduled === undefined || isByTime(scheduled.schedule)) return now;
    return (await scheduled.lastEvent?.(0)) ?? 0;
  }

  #untilNext({ name, schedule, lookEvery = LONGEST_SLEEP }: Scheduled, settled: number, now: number): number {
    const at = this.#nextAfter(schedule, name, settled);
    return at === null ? lookEvery : Math.max(0, at - now);
  }

  #nextAfter(schedule: Schedule, name: string, settled: number): number | null {
    const next = nextDue(schedule.trigger, settled, this.#options.nextCron);
    return next === null ? null : next + this.#jitterOf(schedule, name, next);
  }

  /** By chance, and the same in every instance. */
  #jitterOf({ jitter }: Schedule, name: string, due: number): number {
    if (jitter === 0) return 0;
    let hash = 2166136261;
    for (const character of `${name} ${due}`) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 16777619);
    return (hash >>> 0) % (jitter + 1);
  }
}

function isByTime({ trigger }: Schedule): boolean {
  return trigger.kind === 'cron' || trigger.kind === 'every';
}
