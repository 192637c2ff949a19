import { type Data, type Date_, DateUnit, type Time, type Timestamp, TimeUnit } from 'apache-arrow';
import type { DbType } from '#domain/dataset/db-type.ts';
import { aligned, bytesIn } from '../columns/layout.ts';
import { DAY_MICROSECONDS, FIRST_DAY, FIRST_MICROS, LAST_DAY, LAST_MICROS } from '../columns/temporal.ts';
import {
  type Cast,
  type CastColumn,
  type CastFault,
  faultsWhere,
  fixedBytes,
  validityOf,
  withoutFaults,
} from './cast-values.ts';

const YEARS = 'must lie in the years 0001 to 9999';
const FINER = 'must have at most six digits of fraction';

/** Dates stay dates; as timestamps they are their midnight. */
export function castDate(from: Date_, to: DbType): Cast | null {
  const days = from.unit === DateUnit.DAY ? daysIn : daysOfMilliseconds;
  if (to.name === 'DATE') {
    return (data) => {
      const { numbers, faults } = days(data);
      const outside = faultsWhere(data, YEARS, (row) => {
        const day = numbers[row] ?? 0;
        return day < FIRST_DAY || day > LAST_DAY;
      });
      return column(data, numbers, [...faults, ...outside]);
    };
  }
  if (to.name !== 'TIMESTAMP') return null;
  return (data) => {
    const { numbers, faults } = days(data);
    return checkMicros(
      data,
      BigInt64Array.from(numbers, (day) => BigInt(day) * BigInt(DAY_MICROSECONDS)),
      faults,
    );
  };
}

/** Times of any unit, to the microsecond. */
export function castTime(from: Time, to: DbType): Cast | null {
  if (to.name !== 'TIME') return null;
  return (data) => {
    const { numbers, faults } = microsIn(data, from.unit, from.bitWidth);
    const end = BigInt(DAY_MICROSECONDS);
    const outside = faultsWhere(data, 'must lie within a day', (row) => {
      const micros = numbers[row] ?? 0n;
      return micros < 0n || micros >= end;
    });
    return column(data, numbers, [...faults, ...outside]);
  };
}

/** Timestamps of any unit and zone, which are moments in UTC all the same; without a zone they are taken as UTC. */
export function castTimestamp(from: Timestamp, to: DbType): Cast | null {
  if (to.name !== 'TIMESTAMP') return null;
  return (data) => {
    const { numbers, faults } = microsIn(data, from.unit, 64);
    return checkMicros(data, numbers, faults);
  };
}

interface Converted<T> {
  readonly numbers: T;
  readonly faults: readonly CastFault[];
}

function daysIn(data: Data): Converted<Int32Array> {
  return { numbers: aligned(fixedBytes(data, 4), Int32Array), faults: [] };
}

function daysOfMilliseconds(data: Data): Converted<Int32Array> {
  const milliseconds = aligned(fixedBytes(data, 8), BigInt64Array);
  const faults = faultsWhere(
    data,
    'must be a date without a time',
    (row) => (milliseconds[row] ?? 0n) % 86_400_000n !== 0n,
  );
  return { numbers: Int32Array.from(milliseconds, (value) => Number(value / 86_400_000n)), faults };
}

const PER_UNIT: Readonly<Record<TimeUnit, bigint>> = {
  [TimeUnit.SECOND]: 1_000_000n,
  [TimeUnit.MILLISECOND]: 1000n,
  [TimeUnit.MICROSECOND]: 1n,
  [TimeUnit.NANOSECOND]: 0n,
};

/** Numbers of a unit in microseconds; 64-bit microseconds are passed through. */
function microsIn(data: Data, unit: TimeUnit, bits: number): Converted<BigInt64Array> {
  if (bits === 32) {
    const numbers = aligned(fixedBytes(data, 4), Int32Array);
    return { numbers: BigInt64Array.from(numbers, (value) => BigInt(value) * PER_UNIT[unit]), faults: [] };
  }
  const numbers = aligned(fixedBytes(data, 8), BigInt64Array);
  if (unit === TimeUnit.MICROSECOND) return { numbers, faults: [] };
  if (unit !== TimeUnit.NANOSECOND) {
    const limit = 2n ** 63n / PER_UNIT[unit];
    const faults = faultsWhere(data, YEARS, (row) => {
      const value = numbers[row] ?? 0n;
      return value >= limit || value <= -limit;
    });
    return { numbers: numbers.map((value) => value * PER_UNIT[unit]), faults };
  }
  return {
    numbers: numbers.map((value) => value / 1000n),
    faults: faultsWhere(data, FINER, (row) => (numbers[row] ?? 0n) % 1000n !== 0n),
  };
}

const FIRST_HIGH = Number(FIRST_MICROS >> 32n);
const LAST_HIGH = Number(LAST_MICROS >> 32n);

/** Looks at the high halves first: only moments at the very ends need all 64 bits. */
function checkMicros(data: Data, numbers: BigInt64Array, faults: readonly CastFault[]): CastColumn {
  const halves = aligned(bytesIn(numbers), Int32Array);
  const outside = faultsWhere(data, YEARS, (row) => {
    const high = halves[2 * row + 1] ?? 0;
    if (high > FIRST_HIGH && high < LAST_HIGH) return false;
    const micros = numbers[row] ?? 0n;
    return micros < FIRST_MICROS || micros > LAST_MICROS;
  });
  return column(data, numbers, [...faults, ...outside]);
}

function column(data: Data, numbers: ArrayBufferView, faults: readonly CastFault[]): CastColumn {
  const validity = withoutFaults(validityOf(data), data.length, faults);
  return { vector: { validity, data: bytesIn(numbers), offsets: null }, faults };
}
