/** Dates and times as text: what is accepted (ISO 8601, years 0001 … 9999) and the one form it is kept in. */

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const TIME = /^(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?$/;
const TIMESTAMP =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)(?:(Z)|([+-])(\d{2}):?(\d{2})?)?)?$/;
/** The most common form, canonical already: whole seconds in UTC, on a day that every month has. */
const PLAIN_TIMESTAMP = /^(?!0000)\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/;
const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** @returns the canonical date, or null where the text is none */
export function readDate(text: string): string | null {
  const parts = DATE.exec(text);
  if (!parts) return null;
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month) ? text : null;
}

function daysIn(year: number, month: number): number {
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return leap ? 29 : (DAYS_IN_MONTH[month - 1] ?? 0);
}

/** @returns the canonical time, or null where the text is none */
export function readTime(text: string): string | null {
  const parts = TIME.exec(text);
  if (!parts) return null;
  const [, hours = '', minutes = '', seconds = '00', fraction = ''] = parts;
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return null;
  const trimmed = fraction.replace(/0+$/, '');
  return `${hours}:${minutes}:${seconds}${trimmed === '' ? '' : `.${trimmed}`}`;
}

/** @returns the canonical timestamp in UTC, or null where the text is none; without a zone it is taken as UTC */
export function readTimestamp(text: string): string | null {
  if (PLAIN_TIMESTAMP.test(text)) return text;
  const parts = TIMESTAMP.exec(text);
  if (!parts) return null;
  const [, datePart = '', timePart = '00:00', , sign, zoneHours = '', zoneMinutes = '00'] = parts;
  const date = readDate(datePart);
  const time = readTime(timePart);
  if (date === null || time === null) return null;
  if (sign === undefined) return `${date}T${time}Z`;
  if (Number(zoneHours) > 23 || Number(zoneMinutes) > 59) return null;
  const offset = (Number(zoneHours) * 60 + Number(zoneMinutes)) * (sign === '-' ? 60_000 : -60_000);
  const whole = time.slice(0, 8);
  const moved = new Date(Date.parse(`${date}T${whole}Z`) + offset).toISOString();
  return /^(?!0000)\d{4}-/.test(moved) ? `${moved.slice(0, 19)}${time.slice(8)}Z` : null;
}

/** A canonical timestamp from milliseconds since 1970. */
export function timestampOf(milliseconds: number): string {
  return readTimestamp(new Date(milliseconds).toISOString()) ?? '';
}

/** Microseconds since 1970 of a canonical timestamp. */
export function microsecondsOf(timestamp: string): bigint {
  const fraction = /\.(\d+)Z$/.exec(timestamp)?.[1] ?? '';
  const whole = timestamp.slice(0, 19);
  return BigInt(Date.parse(`${whole}Z`)) * 1000n + BigInt(fraction.padEnd(6, '0') || '0');
}
