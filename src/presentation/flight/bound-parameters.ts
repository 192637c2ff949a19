import { DataType, type Decimal, type Table, type Timestamp, TimeUnit, type Vector } from 'apache-arrow';
import { DataForgeError } from '#domain/errors.ts';
import type { SqlParameter } from '#domain/sql/sql-type.ts';

const DIGITS = { [TimeUnit.SECOND]: 0, [TimeUnit.MILLISECOND]: 3, [TimeUnit.MICROSECOND]: 6, [TimeUnit.NANOSECOND]: 9 };
const DAY = 86_400_000n;

/**
 * The one row of a table as parameters; dates, times, moments and decimals as texts, which the engine reads by what they
 * are compared with.
 * @throws DataForgeError `invalid_parameter`
 */
export function readParameters(table: Table): SqlParameter[] {
  if (table.numRows !== 1) throw invalid(`Bind one row of parameters, not ${table.numRows}.`);
  return table.schema.fields.map((_, at) => parameterOf(table.getChildAt(at)));
}

function parameterOf(vector: Vector | null): SqlParameter {
  const value = vector?.get(0) ?? null;
  if (vector === null || value === null) return null;
  const { type } = vector;
  if (DataType.isDate(type)) return dateText(type.unit === 0 ? BigInt(stored(vector)) * DAY : BigInt(stored(vector)));
  if (DataType.isTimestamp(type)) return momentText(BigInt(stored(vector)), type);
  if (DataType.isTime(type)) return clockText(BigInt(stored(vector)), DIGITS[type.unit]);
  if (DataType.isDecimal(type)) return decimalText(value, type);
  if (['string', 'number', 'bigint', 'boolean'].includes(typeof value)) return value;
  throw invalid(`A parameter is ${type}, which cannot be bound; send it as text and cast it in the query.`);
}

/** The first value as it is stored. */
function stored(vector: Vector): number | bigint {
  const values = vector.data.find(({ length }) => length > 0)?.values;
  return values[0];
}

function dateText(milliseconds: bigint): string {
  const text = new Date(Number(milliseconds)).toISOString();
  return text.slice(0, text.indexOf('T'));
}

function momentText(value: bigint, { unit, timezone }: Timestamp): string {
  const perDay = 86_400n * 10n ** BigInt(DIGITS[unit]);
  const inDay = ((value % perDay) + perDay) % perDay;
  const text = `${dateText(((value - inDay) / perDay) * DAY)} ${clockText(inDay, DIGITS[unit])}`;
  return timezone ? `${text}+00` : text;
}

function clockText(value: bigint, digits: number): string {
  const one = 10n ** BigInt(digits);
  const seconds = value / one;
  const parts = [seconds / 3600n, (seconds / 60n) % 60n, seconds % 60n].map((part) => String(part).padStart(2, '0'));
  return digits === 0 ? parts.join(':') : `${parts.join(':')}.${String(value % one).padStart(digits, '0')}`;
}

/** Words of 32 bits, the lowest first, in two's complement. */
function decimalText(words: Uint32Array, { scale }: Decimal): string {
  const unsigned = words.reduceRight((sum, word) => (sum << 32n) | BigInt(word), 0n);
  const value = BigInt.asIntN(words.length * 32, unsigned);
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0');
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return value < 0n ? `-${text}` : text;
}

function invalid(message: string): DataForgeError {
  return new DataForgeError('invalid_parameter', message);
}
