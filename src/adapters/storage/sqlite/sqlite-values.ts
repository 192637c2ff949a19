import type { DbType } from '#domain/dataset/db-type.ts';
import type { Value } from '#domain/record/value.ts';
import { decimalText, unscaledOf } from '#formats/columns/decimal.ts';
import { microsOf, timestampOfMicros } from '#formats/columns/temporal.ts';
import { literal } from '../sql/identifier.ts';
import { isWideDecimal } from './sqlite-layout.ts';

/** What the driver takes and, with big integers on, gives: integers come as bigint. */
export type SqliteValue = string | number | bigint | null;

/** Added to the digits of a wide decimal, so that all are positive and of one length: text then sorts as they do. */
export const WIDE_BASE = 10n ** 38n;
const WIDE_LENGTH = 39;

/** Characters of a decimal whose digits a number always holds. */
const EXACT_LENGTH = 15;

type Known = Exclude<Value, null>;

/** A canonical value as it lies in the store. */
export function encoderOf(type: DbType): (value: Value) => SqliteValue {
  const encode = knownEncoderOf(type);
  return (value) => (value === null ? null : encode(value));
}

function knownEncoderOf(type: DbType): (value: Known) => SqliteValue {
  switch (type.name) {
    case 'BOOLEAN':
      return (value) => (value ? 1 : 0);
    // The driver binds a number faster than a bigint; an integer column takes it for what it is.
    case 'BIGINT':
      return (value) => plainInteger(value as bigint);
    case 'TIMESTAMP':
      return (value) => microsOf(value as string);
    case 'DECIMAL':
      return isWideDecimal(type)
        ? (value) => String(unscaledOf(value as string) + WIDE_BASE).padStart(WIDE_LENGTH, '0')
        : (value) => narrowUnscaled(value as string);
    default:
      return (value) => value as SqliteValue;
  }
}

/** The number of a big integer, where it is exact. */
export function plainInteger(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function narrowUnscaled(decimal: string): number | bigint {
  return decimal.length <= EXACT_LENGTH ? Number(decimal.replace('.', '')) : unscaledOf(decimal);
}

/** The canonical value of what lies in the store. */
export function decoderOf(type: DbType): (stored: SqliteValue) => Value {
  const decode = knownDecoderOf(type);
  return (stored) => (stored === null ? null : decode(stored));
}

function knownDecoderOf(type: DbType): (stored: Exclude<SqliteValue, null>) => Value {
  switch (type.name) {
    case 'BIGINT':
      return (stored) => (typeof stored === 'number' ? BigInt(stored) : stored);
    case 'INTEGER':
    case 'SMALLINT':
      return Number;
    case 'BOOLEAN':
      return (stored) => stored !== 0n && stored !== 0;
    case 'TIMESTAMP':
      return timestampDecoder();
    case 'DECIMAL':
      return isWideDecimal(type)
        ? (stored) => decimalText(BigInt(stored) - WIDE_BASE, type.scale)
        : (stored) => decimalText(BigInt(stored), type.scale);
    default:
      return (stored) => stored;
  }
}

/** Rows of one commit have the same time: the text of the last one is kept. */
function timestampDecoder(): (stored: Exclude<SqliteValue, null>) => string {
  let last: Exclude<SqliteValue, null> | null = null;
  let text = '';
  return (stored) => {
    if (stored !== last) {
      last = stored;
      text = timestampOfMicros(BigInt(stored));
    }
    return text;
  };
}

/** A value as an SQL literal, for the few places that take no parameter. */
export function valueLiteral(type: DbType, value: Value): string {
  const stored = encoderOf(type)(value);
  if (stored === null) return 'NULL';
  return typeof stored === 'string' ? literal(stored) : String(stored);
}
