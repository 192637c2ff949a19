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
/** Years below this `Date.UTC` takes for years of the 20th century. */
const FIRST_OWN_YEAR = 100;

/** Microseconds since 1970 of a canonical timestamp; a number, which is quicker, where one that has them exactly is at hand. */
export function microsOf(timestamp: string): number | bigint {
  if (timestamp.length !== WHOLE_SECONDS) return microsecondsOf(timestamp);
  const year = 100 * twoDigits(timestamp, 0) + twoDigits(timestamp, 2);
  if (year < FIRST_OWN_YEAR) return microsecondsOf(timestamp);
  const [month, day] = [twoDigits(timestamp, 5), twoDigits(timestamp, 8)];
  const [hour, minute, second] = [twoDigits(timestamp, 11), twoDigits(timestamp, 14), twoDigits(timestamp, 17)];
  const micros = Date.UTC(year, month - 1, day, hour, minute, second) * 1000;
  return Number.isSafeInteger(micros) ? micros : microsecondsOf(timestamp);
}

const ZERO = 0x30;

function twoDigits(text: string, at: number): number {
  return 10 * (text.charCodeAt(at) - ZERO) + text.charCodeAt(at + 1) - ZERO;
}

/** The canonical timestamp of so many microseconds since 1970. */
export function timestampOfMicros(micros: bigint): string {
  let [seconds, fraction] = secondsOf(micros);
  if (fraction < 0) {
    seconds -= 1;
    fraction += 1_000_000;
  }
  const day = Math.floor(seconds / DAY_SECONDS);
  const second = seconds - day * DAY_SECONDS;
  const minute = Math.floor(second / 60);
  const time = `${padded(Math.floor(minute / 60))}:${padded(minute % 60)}:${padded(second % 60)}`;
  const places = fraction === 0 ? '' : `.${String(fraction).padStart(6, '0').replace(/0+$/, '')}`;
  return `${dateOfRow(day)}T${time}${places}Z`;
}

const DAY_SECONDS = 86_400;

/** Whole seconds, and the microseconds that are left, which may be less than none. */
function secondsOf(micros: bigint): [number, number] {
  const number = Number(micros);
  if (Number.isSafeInteger(number)) {
    const seconds = Math.floor(number / 1_000_000);
    return [seconds, number - seconds * 1_000_000];
  }
  return [Number(micros / 1_000_000n), Number(micros % 1_000_000n)];
}

const PADDED = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'));

function padded(number: number): string {
  return PADDED[number] ?? '';
}

let lastDay = Number.NaN;
let lastDate = '';

/** The same as `dateOf`; rows that follow one another often have one day. */
function dateOfRow(day: number): string {
  if (day !== lastDay) {
    lastDate = dateOf(day);
    lastDay = day;
  }
  return lastDate;
}

/** What a date or a timestamp may be: years 0001 to 9999. */
export const FIRST_DAY = daysOf('0001-01-01');
export const LAST_DAY = daysOf('9999-12-31');
export const FIRST_MICROS = microsecondsOf('0001-01-01T00:00:00Z');
export const LAST_MICROS = microsecondsOf('9999-12-31T23:59:59.999999Z');
