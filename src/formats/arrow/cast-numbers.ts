import type { Data, Float, Int } from 'apache-arrow';
import type { DbType } from '#domain/dataset/db-type.ts';
import { Invalid, readTextValue } from '#domain/record/value-rules.ts';
import { aligned, bytesIn } from '../columns/layout.ts';
import {
  type Cast,
  type CastColumn,
  type CastFault,
  castEach,
  faultsWhere,
  fixedBytes,
  validityOf,
  withoutFaults,
} from './cast-values.ts';

const INTEGER_BITS: Partial<Record<DbType['name'], number>> = { SMALLINT: 16, INTEGER: 32, BIGINT: 64 };

/** Integers become integers they fit into, floating-point numbers and decimals. */
export function castInt(from: Int, to: DbType): Cast | null {
  const bits = INTEGER_BITS[to.name];
  if (from.isSigned && from.bitWidth === bits) return (data) => unchanged(data, bits / 8);
  if (to.name === 'DOUBLE') return (data) => column(data, Float64Array.from(numbersIn(data), Number));
  if (bits !== undefined && from.bitWidth + (from.isSigned ? 0 : 1) <= bits) return (data) => widen(data, bits);
  if (bits !== undefined || to.name === 'DECIMAL') {
    return (data) => castEach(data, to, (row) => readNumber(to, String(numbersIn(data)[row])));
  }
  return null;
}

/** Floating-point numbers stay what they are; -0 becomes 0. Where they are whole they may be integers. */
export function castFloat(from: Float, to: DbType): Cast | null {
  if (to.name === 'DOUBLE')
    return from.precision === 2 ? doubles : (data) => checkDoubles(data, Float64Array.from(floatsIn(data)));
  const isInteger = INTEGER_BITS[to.name] !== undefined;
  if (!isInteger && to.name !== 'DECIMAL') return null;
  // Past 2^53 the shortest digits of a number are not all that it has.
  const digits = (number: number) => String(isInteger && Number.isInteger(number) ? BigInt(number) : number);
  return (data) => {
    const floats = floatsIn(data);
    return castEach(data, to, (row) => {
      const number = floats[row] ?? 0;
      return Number.isFinite(number) ? readNumber(to, digits(number)) : new Invalid('must be a finite number');
    });
  };
}

/** What a number written out means for a type. */
export function readNumber(to: DbType, text: string) {
  return readTextValue(to, text, () => null);
}

function doubles(data: Data): CastColumn {
  return checkDoubles(data, aligned(fixedBytes(data, 8), Float64Array));
}

/** One pass that finds what is not finite and mends -0 in place. */
function checkDoubles(data: Data, numbers: Float64Array): CastColumn {
  let sound = true;
  for (let row = 0; row < numbers.length; row++) {
    const number = numbers[row] ?? 0;
    if (number === 0) numbers[row] = 0;
    else if (number - number !== 0) sound = false;
  }
  const faults = sound
    ? []
    : faultsWhere(data, 'must be a finite number (DOUBLE)', (row) => !Number.isFinite(numbers[row]));
  return column(data, numbers, faults);
}

function unchanged(data: Data, width: number): CastColumn {
  return { vector: { validity: validityOf(data), data: fixedBytes(data, width), offsets: null }, faults: [] };
}

function widen(data: Data, bits: number): CastColumn {
  const numbers = numbersIn(data);
  if (bits === 64) return column(data, BigInt64Array.from(numbers as Int32Array, BigInt));
  return column(data, bits === 32 ? Int32Array.from(numbers, Number) : Int16Array.from(numbers, Number));
}

function column(data: Data, numbers: ArrayBufferView, faults: readonly CastFault[] = []): CastColumn {
  const validity = withoutFaults(validityOf(data), data.length, faults);
  return { vector: { validity, data: bytesIn(numbers), offsets: null }, faults };
}

type Integers = Int32Array | BigInt64Array;

function numbersIn(data: Data): Integers {
  const numbers = data.values as Integers;
  if (numbers.length < data.length) throw new RangeError('a buffer is shorter than its rows');
  return numbers.subarray(0, data.length);
}

/** Numbers of half, single or double precision. */
function floatsIn(data: Data): ArrayLike<number> & Iterable<number> {
  const { precision } = data.type as Float;
  const numbers = data.values as Uint16Array | Float32Array | Float64Array;
  if (numbers.length < data.length) throw new RangeError('a buffer is shorter than its rows');
  const rows = numbers.subarray(0, data.length);
  return precision === 0 ? Float64Array.from(new Float16Array(rows.buffer, rows.byteOffset, rows.length)) : rows;
}
