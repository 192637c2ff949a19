import type { DbType } from '../dataset/db-type.ts';
import type { ColumnSchema } from '../record/batch.ts';

/** A column that an analysis can speak of. */
export interface AnalysisColumn extends ColumnSchema {
  /** One that every record has besides its properties; operations take it only where it is named. */
  readonly system: boolean;
}

export const BIGINT: DbType = { name: 'BIGINT' };
export const DOUBLE: DbType = { name: 'DOUBLE' };
export const VARCHAR: DbType = { name: 'VARCHAR' };
export const JSON_TEXT: DbType = { name: 'JSON' };

export const BOOLEAN: DbType = { name: 'BOOLEAN' };
export const TIMESTAMP: DbType = { name: 'TIMESTAMP' };

/** What a column may have to hold for an operation to take it. */
export type ColumnKind = 'number' | 'time' | 'ordered' | 'key' | 'any';

const NUMBERS: readonly string[] = ['BIGINT', 'INTEGER', 'SMALLINT', 'DOUBLE', 'DECIMAL'];
const TIMES: readonly string[] = ['DATE', 'TIMESTAMP'];

/** Analyses compute with numbers as DOUBLE (IEEE 754), whatever they are stored as. */
export function isNumber({ name }: DbType): boolean {
  return NUMBERS.includes(name);
}

export function isOfKind(kind: ColumnKind, type: DbType): boolean {
  switch (kind) {
    case 'number':
      return isNumber(type);
    case 'time':
      return TIMES.includes(type.name);
    case 'ordered':
      return isNumber(type) || TIMES.includes(type.name) || type.name === 'TIME' || type.name === 'VARCHAR';
    case 'key':
      return type.name !== 'JSON';
    case 'any':
      return true;
  }
}

/** For people: what a column must be. */
export const KIND_WORDS: Readonly<Record<ColumnKind, string>> = {
  number: 'a number',
  time: 'a date or a timestamp',
  ordered: 'a number, a text, a date or a time',
  key: 'anything but JSON',
  any: 'anything',
};

/** A column of a result. */
export function column(name: string, dbType: DbType, nullable = true): ColumnSchema {
  return { name, dbType, nullable };
}

/** A name that is not taken yet, which it then is. */
export function freeName(name: string, taken: Set<string>): string {
  let free = name;
  for (let count = 2; taken.has(free); count++) free = `${name}_${count}`;
  taken.add(free);
  return free;
}
