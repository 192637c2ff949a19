import type { DbType, DbTypeName } from './db-type.ts';

/** What becomes of the values when a property's storage type changes. */
export type TypeChange =
  /** Every value stays what it is. */
  | 'wider'
  /** Every value has a counterpart, written in another way. */
  | 'rewritten'
  /** Some values may not have a counterpart. */
  | 'lossy';

/** Digits that the values of the integer types may have. */
const INTEGER_DIGITS: Partial<Record<DbTypeName, number>> = { SMALLINT: 5, INTEGER: 10, BIGINT: 19 };

export function compareTypes(from: DbType, to: DbType): TypeChange {
  const digits = INTEGER_DIGITS[from.name];
  if (digits !== undefined) return compareFromInteger(from, to, digits);
  if (from.name === 'DECIMAL' && to.name === 'DECIMAL') {
    return to.scale >= from.scale && to.precision - to.scale >= from.precision - from.scale ? 'wider' : 'lossy';
  }
  if (to.name === 'VARCHAR') return 'rewritten';
  return from.name === 'DATE' && to.name === 'TIMESTAMP' ? 'rewritten' : 'lossy';
}

function compareFromInteger(from: DbType, to: DbType, digits: number): TypeChange {
  const target = INTEGER_DIGITS[to.name];
  if (target !== undefined) return target >= digits ? 'wider' : 'lossy';
  if (to.name === 'DECIMAL') return to.precision - to.scale >= digits ? 'wider' : 'lossy';
  if (to.name === 'DOUBLE') return from.name === 'BIGINT' ? 'lossy' : 'wider';
  return to.name === 'VARCHAR' ? 'rewritten' : 'lossy';
}
