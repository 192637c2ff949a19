import type { DbType } from '../dataset/db-type.ts';
import type { StoredRecord } from '../record/record.ts';
import type { Value } from '../record/value.ts';
import { compareValues } from '../record/value-rules.ts';
import { type Aggregation, type Measure, type TimeBucket, typesOfAggregation } from './aggregation.ts';
import { typeOfField, valueOfField } from './field.ts';

/** What an aggregation means: the groups of these records, as the values of their keys and measures, in order. */
export function aggregate(query: Aggregation, records: Iterable<StoredRecord>): Value[][] {
  const groups = new AggregatedGroups(query);
  for (const record of records) groups.add(record);
  return groups.rows();
}

/** The same for records that come one after the other. */
export class AggregatedGroups {
  readonly #query: Aggregation;
  readonly #groups = new Map<string, { readonly keys: Value[]; readonly measures: Accumulator[] }>();

  constructor(query: Aggregation) {
    this.#query = query;
    if (query.keys.length === 0) this.#groups.set('[]', this.#start([]));
  }

  add(record: StoredRecord): void {
    const keys = this.#query.keys.map(({ field, bucket }) => {
      const value = valueOfField(field, record);
      return value === null || bucket === null ? value : bucketOf(String(value), bucket, typeOfField(field));
    });
    const name = JSON.stringify(keys.map((value) => (value === null ? null : String(value))));
    let group = this.#groups.get(name);
    if (group === undefined) {
      group = this.#start(keys);
      this.#groups.set(name, group);
    }
    for (const measure of group.measures) measure.add(record);
  }

  rows(): Value[][] {
    const rows = [...this.#groups.values()].map(({ keys, measures }) => [
      ...keys,
      ...measures.map((measure) => measure.value()),
    ]);
    return sortGroups(this.#query, rows);
  }

  #start(keys: Value[]) {
    return { keys, measures: this.#query.measures.map(accumulatorOf) };
  }
}

/** Groups, as the values of their keys and measures, in the order that an aggregation asks for, cut at its limit. */
export function sortGroups(query: Aggregation, groups: Value[][]): Value[][] {
  return groups.sort(compareRows(query)).slice(0, query.limit);
}

/** The first moment, or day, of the part of time that a canonical value lies in. */
export function bucketOf(value: string, bucket: TimeBucket, type: DbType): string {
  const day = value.slice(0, 10);
  const start = bucket === 'hour' || bucket === 'minute' || bucket === 'second' ? null : dayOf(day, bucket);
  if (start !== null) return type.name === 'DATE' ? start : `${start}T00:00:00Z`;
  const shown = { hour: 13, minute: 16, second: 19 }[bucket as 'hour' | 'minute' | 'second'];
  return `${value.slice(0, shown)}${':00:00'.slice(0, 19 - shown)}Z`;
}

function dayOf(day: string, bucket: TimeBucket): string {
  if (bucket === 'year') return `${day.slice(0, 4)}-01-01`;
  if (bucket === 'month') return `${day.slice(0, 7)}-01`;
  if (bucket === 'quarter') {
    const month = Math.floor((Number(day.slice(5, 7)) - 1) / 3) * 3 + 1;
    return `${day.slice(0, 4)}-${String(month).padStart(2, '0')}-01`;
  }
  if (bucket === 'day') return day;
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() - ((date.getUTCDay() + 6) % 7));
  return date.toISOString().slice(0, 10);
}

interface Accumulator {
  add(record: StoredRecord): void;
  value(): Value;
}

function accumulatorOf({ function: name, field }: Measure): Accumulator {
  if (field === null) return counter(() => true);
  const read = (record: StoredRecord) => valueOfField(field, record);
  const type = typeOfField(field);
  switch (name) {
    case 'count':
      return counter((record) => read(record) !== null);
    case 'sum':
      return type.name === 'DOUBLE' ? doubleSum(read) : exactSum(read, type);
    case 'avg':
      return mean(read, type);
    case 'min':
    case 'max':
      return extreme(read, type, name === 'min' ? -1 : 1);
  }
}

type Read = (record: StoredRecord) => Value;

function counter(counts: (record: StoredRecord) => boolean): Accumulator {
  let count = 0n;
  return {
    add: (record) => {
      if (counts(record)) count++;
    },
    value: () => count,
  };
}

function doubleSum(read: Read): Accumulator {
  let sum: number | null = null;
  return {
    add: (record) => {
      const value = read(record);
      if (value !== null) sum = (sum ?? 0) + (value as number);
    },
    value: () => sum,
  };
}

function exactSum(read: Read, type: DbType): Accumulator {
  let sum: bigint | null = null;
  return {
    add: (record) => {
      const value = read(record);
      if (value !== null) sum = (sum ?? 0n) + unscaled(value);
    },
    value: () => (sum === null ? null : decimalOf(sum, type.name === 'DECIMAL' ? type.scale : 0)),
  };
}

function mean(read: Read, type: DbType): Accumulator {
  let sum = 0;
  let exact = 0n;
  let count = 0;
  return {
    add: (record) => {
      const value = read(record);
      if (value === null) return;
      count++;
      if (type.name === 'DOUBLE') sum += value as number;
      else exact += unscaled(value);
    },
    value: () => {
      if (count === 0) return null;
      return type.name === 'DOUBLE' ? sum / count : meanOf(exact, type, BigInt(count));
    },
  };
}

/** Digits behind those of the sum, many more than a DOUBLE can tell apart. */
const MEAN_DIGITS = 40;

/** The DOUBLE nearest to an exact sum, of unscaled numbers of a type, divided by how many they are. */
export function meanOf(sum: bigint, type: DbType, count: bigint): number {
  const scale = type.name === 'DECIMAL' ? type.scale : 0;
  const quotient = (sum * 10n ** BigInt(MEAN_DIGITS)) / count;
  const mean = Number(`${quotient}e-${MEAN_DIGITS + scale}`);
  return mean === 0 ? 0 : mean;
}

function extreme(read: Read, type: DbType, sign: 1 | -1): Accumulator {
  let found: Value = null;
  return {
    add: (record) => {
      const value = read(record);
      if (value === null) return;
      if (found === null || sign * compareValues(type, value, found) > 0) found = value;
    },
    value: () => found,
  };
}

function unscaled(value: Exclude<Value, null>): bigint {
  return BigInt(String(value).replace('.', ''));
}

/** An unscaled number as decimal text. */
export function decimalOf(unscaledValue: bigint, scale: number): string {
  const negative = unscaledValue < 0n;
  const digits = String(negative ? -unscaledValue : unscaledValue).padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  return `${negative ? '-' : ''}${whole}${scale === 0 ? '' : `.${digits.slice(digits.length - scale)}`}`;
}

function compareRows(query: Aggregation): (a: readonly Value[], b: readonly Value[]) => number {
  const types = typesOfAggregation(query);
  const order = [...query.sort, ...query.keys.map((_, column) => ({ column, order: 'asc' as const }))];
  return (a, b) => {
    for (const { column, order: direction } of order) {
      const [left = null, right = null] = [a[column], b[column]];
      if (left === null || right === null) {
        if (left !== right) return left === null ? 1 : -1;
        continue;
      }
      const compared = compareValues(types[column] as DbType, left, right);
      if (compared !== 0) return direction === 'desc' ? -compared : compared;
    }
    return 0;
  };
}
