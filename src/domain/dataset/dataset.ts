import type { Value } from '../record/value.ts';
import type { DbType, PropertyType } from './db-type.ts';

/** One property of a dataset, complete: every default of the file format is filled in. */
export interface Property {
  readonly name: string;
  readonly type: PropertyType;
  readonly dbType: DbType;
  /** Never null, and must be given unless it has a default. */
  readonly required: boolean;
  /** The canonical value of an absent member; null where the file names none. */
  readonly default: Value;
  readonly primaryKey: boolean;
  readonly unique: boolean;
  readonly description: string | null;
  readonly index: boolean;
  readonly rules: PropertyRules;
}

/** What a non-null value must satisfy besides its type; null where the file sets no such rule. */
export interface PropertyRules {
  readonly enum: readonly Value[] | null;
  readonly minimum: Value;
  readonly maximum: Value;
  /** Lengths count code points. */
  readonly minLength: number | null;
  readonly maxLength: number | null;
  /** RE2 syntax, found anywhere in the value. */
  readonly pattern: string | null;
  readonly format: ValueFormat | null;
}

/** The closed list of `format`; each is an RE2 pattern in `record/formats.ts`, so every engine gives the same verdict. */
export type ValueFormat = 'email' | 'uri' | 'hostname' | 'ipv4' | 'ipv6';

/** `auto` and `never` keep no index on `id` (reads find a row by its locator); `always` keeps one, for foreign ids. */
export type IdIndex = 'auto' | 'always' | 'never';

export interface Dataset {
  readonly name: string;
  readonly description: string;
  readonly tableName: string;
  /** Names of the natural key's properties in key order; empty where there is none. */
  readonly primaryKey: readonly string[];
  readonly properties: readonly Property[];
  readonly additionalProperties: 'refuse' | 'ignore';
  readonly idIndex: IdIndex;
  /** The platform keeps it: no file describes it, everybody who may read reads it, and nobody writes to it. */
  readonly system: boolean;
}

export function indexOfProperty(dataset: Dataset, name: string): number {
  return dataset.properties.findIndex((property) => property.name === name);
}

/** Positions of the natural key's properties in `properties`, in key order. */
export function keyIndexes(dataset: Dataset): number[] {
  return dataset.primaryKey.map((name) => indexOfProperty(dataset, name));
}
