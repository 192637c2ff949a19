import type { Backoff } from './job.ts';

/**
 * How long to wait before an attempt, counted from 2: twice as long each time, up to a bound; half of it by chance, so that many jobs
 * that failed together do not come together again.
 * @param chance from 0 to 1
 */
export function waitBefore({ first, most }: Backoff, attempt: number, chance: number): number {
  const whole = Math.min(most, first * 2 ** Math.min(attempt - 2, 30));
  return Math.round(whole * (0.5 + chance / 2));
}
