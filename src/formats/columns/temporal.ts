import { microsecondsOf } from '#domain/record/time.ts';

const DAY_MILLISECONDS = 86_400_000;
export const DAY_MICROSECONDS = 86_400_000_000;

/** Days since 1970 of a canonical date. */
export function daysOf(date: string): number {
  return Date.parse(`${date}T00:00:00Z`) / DAY_MILLISECONDS;
}

/** The canonical date of so many days since 1970. */
export function dateOf(days: number): string {
  return new Date(days * DAY_MILLISECONDS).toISOString().slice(0, 10);
}

/** Microseconds since midnight of a canonical time. */
export function timeMicrosOf(time: string): bigint {
  return microsecondsOf(`1970-01-01T${time}Z`);
}

/** The canonical time of so many microseconds since midnight. */
export function timeOf(micros: bigint): string {
  return timestampOfMicros(micros).slice(11, -1);
}

/** Characters of a canonical timestamp without a fraction. */
const WHOLE_SECONDS = 20;

/** Microseconds since 1970 of a canonical timestamp; a number, which is quicker, where one that has them exactly is at hand. */
export function microsOf(timestamp: string): number | bigint {
  if (timestamp.length !== WHOLE_SECONDS) return microsecondsOf(timestamp);
  const micros = Date.parse(timestamp) * 1000;
  return Number.isSafeInteger(micros) ? micros : microsecondsOf(timestamp);
}

/** The canonical timestamp of so many microseconds since 1970. */
export function timestampOfMicros(micros: bigint): string {
  const fraction = Number(((micros % 1_000_000n) + 1_000_000n) % 1_000_000n);
  const seconds = Number((micros - BigInt(fraction)) / 1_000_000n);
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19);
  return fraction === 0 ? `${whole}Z` : `${whole}.${String(fraction).padStart(6, '0').replace(/0+$/, '')}Z`;
}

/** What a date or a timestamp may be: years 0001 to 9999. */
export const FIRST_DAY = daysOf('0001-01-01');
export const LAST_DAY = daysOf('9999-12-31');
export const FIRST_MICROS = microsecondsOf('0001-01-01T00:00:00Z');
export const LAST_MICROS = microsecondsOf('9999-12-31T23:59:59.999999Z');
