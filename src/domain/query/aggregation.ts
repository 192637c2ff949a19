import type { Dataset } from '../dataset/dataset.ts';
import { type DbType, MAX_DECIMAL_PRECISION } from '../dataset/db-type.ts';
import { typeOfField } from './field.ts';
import type { Field, Filter } from './query.ts';

/** Parts of time that values can be gathered by; a week begins on its Monday (ISO 8601). */
export const TIME_BUCKETS = ['year', 'quarter', 'month', 'week', 'day', 'hour', 'minute', 'second'] as const;
export type TimeBucket = (typeof TIME_BUCKETS)[number];

/** Those that a day can be gathered by. */
const DAY_BUCKETS: readonly TimeBucket[] = ['year', 'quarter', 'month', 'week', 'day'];

export const AGGREGATE_FUNCTIONS = ['count', 'sum', 'avg', 'min', 'max'] as const;
export type AggregateFunction = (typeof AGGREGATE_FUNCTIONS)[number];

/** What the rows of one group have in common; nulls are a group of their own. */
export interface GroupKey {
  readonly field: Field;
  /** The beginning of this part of time stands for all of it; null for the value itself. */
  readonly bucket: TimeBucket | null;
}

/** What is told of each group. Nulls count for nothing; of no values at all the sum, mean, least and most are null. */
export interface Measure {
  readonly function: AggregateFunction;
  /** Null for `count` of the rows themselves. */
  readonly field: Field | null;
}

/** The rows of a filter, gathered. Without keys all of them are one group, though there may be none. */
export interface Aggregation {
  readonly dataset: Dataset;
  readonly filter: Filter | null;
  readonly keys: readonly GroupKey[];
  readonly measures: readonly Measure[];
  /** Places among the keys and then the measures; ties are broken by the keys, ascending. Nulls sort last either way. */
  readonly sort: readonly { readonly column: number; readonly order: 'asc' | 'desc' }[];
  readonly limit: number;
}

/** The types of a group's values: of its keys, then of its measures. */
export function typesOfAggregation({ keys, measures }: Pick<Aggregation, 'keys' | 'measures'>): DbType[] {
  return [...keys.map(({ field }) => typeOfField(field)), ...measures.map(typeOfMeasure)];
}

/**
 * The type of a measure: a count is BIGINT, a mean DOUBLE, a sum of whole numbers DECIMAL(38,0) and of decimals
 * DECIMAL(38,s), so that both are exact.
 */
function typeOfMeasure({ function: name, field }: Measure): DbType {
  if (name === 'count' || field === null) return { name: 'BIGINT' };
  if (name === 'avg') return { name: 'DOUBLE' };
  const type = typeOfField(field);
  if (name !== 'sum' || type.name === 'DOUBLE') return type;
  return { name: 'DECIMAL', precision: MAX_DECIMAL_PRECISION, scale: type.name === 'DECIMAL' ? type.scale : 0 };
}

/** Whether a function can be asked of values of a type. */
export function isAggregable(name: AggregateFunction, type: DbType): boolean {
  switch (name) {
    case 'count':
      return true;
    case 'min':
    case 'max':
      return type.name !== 'BOOLEAN' && type.name !== 'JSON';
    default:
      return ['BIGINT', 'INTEGER', 'SMALLINT', 'DOUBLE', 'DECIMAL'].includes(type.name);
  }
}

/** The parts of time that values of a type can be gathered by. */
export function bucketsOf(type: DbType): readonly TimeBucket[] {
  return type.name === 'TIMESTAMP' ? TIME_BUCKETS : type.name === 'DATE' ? DAY_BUCKETS : [];
}
