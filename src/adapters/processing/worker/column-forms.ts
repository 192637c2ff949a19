import type { DbType } from '#domain/dataset/db-type.ts';
import { bucketOf } from '#domain/query/aggregate.ts';
import type { TimeBucket } from '#domain/query/aggregation.ts';
import type { ColumnVector } from '#domain/record/batch.ts';
import type { Value } from '#domain/record/value.ts';
import { decimalText, unscaledOf } from '#formats/columns/decimal.ts';
import { aligned, bytesIn, isValid } from '#formats/columns/layout.ts';
import { readValues } from '#formats/columns/read-values.ts';
import { DAY_MICROSECONDS, dateOf, daysOf, timeOf, timestampOfMicros } from '#formats/columns/temporal.ts';
import { writeValues } from '#formats/columns/write-values.ts';

/**
 * What a library is given of a column. Libraries differ in what they make of dates, decimals and UUIDs, so they get none:
 * a `key` has the same equality and order as the values and is a number, a text or a truth value; a `number` is what the
 * values count for; a part of time is the key of its beginning.
 */
export type ColumnForm = 'key' | 'number' | TimeBucket;

/** The storage type that a form travels in. */
export function formType(type: DbType, form: ColumnForm): DbType {
  if (form === 'number') return { name: 'DOUBLE' };
  switch (type.name) {
    case 'BOOLEAN':
    case 'DOUBLE':
      return type;
    case 'SMALLINT':
    case 'INTEGER':
    case 'DATE':
      return { name: 'INTEGER' };
    case 'BIGINT':
    case 'TIME':
    case 'TIMESTAMP':
      return { name: 'BIGINT' };
    default:
      return { name: 'VARCHAR' };
  }
}

/** A column in a form. Where the layouts are the same, so are the buffers. */
export function encodeColumn(type: DbType, form: ColumnForm, vector: ColumnVector, length: number): ColumnVector {
  if (form === 'number')
    return { validity: vector.validity, data: bytesIn(numbersOf(type, vector, length)), offsets: null };
  if (form !== 'key') return encodeBuckets(type, form, vector, length);
  switch (type.name) {
    case 'SMALLINT':
      return { ...vector, data: bytesIn(new Int32Array(aligned(vector.data, Int16Array))) };
    case 'UUID':
      return writeValues({ name: 'VARCHAR' }, readValues(type, vector, length));
    case 'DECIMAL': {
      const texts = readValues(type, vector, length).map((value) => sortableDecimal(value, type.precision));
      return writeValues({ name: 'VARCHAR' }, texts);
    }
    default:
      return vector;
  }
}

function numbersOf(type: DbType, vector: ColumnVector, length: number): Float64Array {
  switch (type.name) {
    case 'SMALLINT':
      return new Float64Array(aligned(vector.data, Int16Array));
    case 'INTEGER':
      return new Float64Array(aligned(vector.data, Int32Array));
    case 'BIGINT':
      return doublesOfLongs(vector.data, length);
    case 'DECIMAL':
      return Float64Array.from(readValues(type, vector, length), (value) => Number(value ?? 0));
    default:
      return aligned(vector.data, Float64Array);
  }
}

/** Each from its two halves, whose sum is rounded once: a bigint for each would take ten times as long. */
function doublesOfLongs(data: Uint8Array, length: number): Float64Array {
  const halves = aligned(data, Int32Array);
  const doubles = new Float64Array(length);
  for (let at = 0; at < length; at++) {
    doubles[at] = (halves[2 * at + 1] ?? 0) * 2 ** 32 + ((halves[2 * at] ?? 0) >>> 0);
  }
  return doubles;
}

/** Non-negative digits of one length, in the order of the numbers. */
function sortableDecimal(value: Value, precision: number): string | null {
  if (value === null) return null;
  return String(unscaledOf(String(value)) + 10n ** BigInt(precision)).padStart(precision + 1, '0');
}

/** What stands in the place of a null is anything, and no time. */
function encodeBuckets(type: DbType, bucket: TimeBucket, vector: ColumnVector, length: number): ColumnVector {
  if (type.name === 'DATE') {
    const startOf = dayStarts(bucket);
    const days = aligned(vector.data, Int32Array);
    const starts = Int32Array.from({ length }, (_, at) => (isValid(vector, at) ? startOf(days[at] ?? 0) : 0));
    return { ...vector, data: bytesIn(starts) };
  }
  const startOf = momentStarts(bucket);
  const micros = aligned(vector.data, BigInt64Array);
  const starts = BigInt64Array.from({ length }, (_, at) => (isValid(vector, at) ? startOf(micros[at] ?? 0n) : 0n));
  return { ...vector, data: bytesIn(starts) };
}

/** The first day of the part of time of a day; each is looked for once. */
function dayStarts(bucket: TimeBucket): (day: number) => number {
  const known = new Map<number, number>();
  return (day) => {
    let start = known.get(day);
    if (start === undefined) {
      start = daysOf(bucketOf(dateOf(day), bucket, { name: 'DATE' }));
      known.set(day, start);
    }
    return start;
  };
}

const CLOCK_UNITS: Partial<Record<TimeBucket, bigint>> = {
  hour: 3_600_000_000n,
  minute: 60_000_000n,
  second: 1_000_000n,
};

function momentStarts(bucket: TimeBucket): (micros: bigint) => bigint {
  const unit = CLOCK_UNITS[bucket] ?? BigInt(DAY_MICROSECONDS);
  const startOf = CLOCK_UNITS[bucket] === undefined ? dayStarts(bucket) : null;
  return (micros) => {
    const rest = micros % unit;
    const floor = rest < 0n ? micros - rest - unit : micros - rest;
    return startOf === null ? floor : BigInt(startOf(Number(floor / unit))) * unit;
  };
}

/** What a library hands back for a key: a text, a number, a truth value, nothing. */
export type RawValue = string | number | bigint | boolean | null | undefined;

/** The canonical value that a key stands for. */
export function decodeKey(type: DbType, raw: RawValue): Value {
  if (raw === null || raw === undefined) return null;
  switch (type.name) {
    case 'VARCHAR':
    case 'JSON':
    case 'UUID':
      return String(raw);
    case 'BOOLEAN':
      return raw === true;
    case 'BIGINT':
      return BigInt(raw);
    case 'DATE':
      return dateOf(Number(raw));
    case 'TIME':
      return timeOf(BigInt(raw));
    case 'TIMESTAMP':
      return timestampOfMicros(BigInt(raw));
    case 'DECIMAL':
      return decimalText(BigInt(raw) - 10n ** BigInt(type.precision), type.scale);
    default: {
      const number = Number(raw);
      return Number.isFinite(number) ? number : null;
    }
  }
}

/** Keys in their order, nulls last: texts by code point, as UTF-8 has them. */
export function compareKeys(a: RawValue, b: RawValue): number {
  const [none, other] = [a === null || a === undefined, b === null || b === undefined];
  if (none || other) return none && other ? 0 : none ? 1 : -1;
  if (typeof a === 'string' && typeof b === 'string') return compareTexts(a, b);
  return (a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0;
}

function compareTexts(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const [left, right] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (left !== right) return codePointRank(left) - codePointRank(right);
  }
  return a.length - b.length;
}

/** Halves of characters past U+FFFF stand behind all others. */
function codePointRank(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x2000 : unit;
}
