import type { Data, Decimal } from 'apache-arrow';
import type { DbType } from '#domain/dataset/db-type.ts';
import { decimalText, wideAt } from '../columns/decimal.ts';
import { aligned, bytesIn } from '../columns/layout.ts';
import { readNumber } from './cast-numbers.ts';
import {
  type Cast,
  type CastColumn,
  castEach,
  faultsWhere,
  fixedBytes,
  validityOf,
  withoutFaults,
} from './cast-values.ts';

/** More places than any decimal of 256 bits can have. */
const MAX_SCALE = 76;

/** Decimals of the same scale pass through; others become numbers where they lose nothing. */
export function castDecimal(from: Decimal, to: DbType): Cast | null {
  if (Math.abs(from.scale) > MAX_SCALE) return null;
  if (to.name === 'DECIMAL' && from.bitWidth === 128 && from.scale === to.scale) {
    return (data) => checkDecimals(data, to.precision, to.scale);
  }
  if (
    to.name !== 'DECIMAL' &&
    to.name !== 'DOUBLE' &&
    to.name !== 'BIGINT' &&
    to.name !== 'INTEGER' &&
    to.name !== 'SMALLINT'
  ) {
    return null;
  }
  return (data) => {
    const unscaledAt = unscaledReader(data, from.bitWidth);
    return castEach(data, to, (row) => readNumber(to, decimalOf(unscaledAt(row), from.scale)));
  };
}

/** One pass over 32-bit words; only numbers near the limit are looked at whole. */
function checkDecimals(data: Data, precision: number, scale: number): CastColumn {
  const bytes = fixedBytes(data, 16);
  const limit = 10n ** BigInt(precision);
  const sure = precision >= 19 ? 2 ** 62 : 10 ** precision / 2;
  const halves = aligned(bytes, Int32Array);
  const words = aligned(bytes, BigInt64Array);
  const isFaulty = (row: number) => {
    const low = halves[4 * row + 1] ?? 0;
    const sign = low >> 31;
    if (halves[4 * row + 2] === sign && halves[4 * row + 3] === sign) {
      if (Math.abs(low * 2 ** 32 + ((halves[4 * row] ?? 0) >>> 0)) < sure) return false;
    }
    const value = wideAt(words, row);
    return value >= limit || value <= -limit;
  };
  const message = `must have at most ${precision - scale} digits before the point (DECIMAL(${precision},${scale}))`;
  const faults = faultsWhere(data, message, isFaulty);
  return {
    vector: { validity: withoutFaults(validityOf(data), data.length, faults), data: bytes, offsets: null },
    faults,
  };
}

function unscaledReader(data: Data, bits: number): (row: number) => bigint {
  const bytes = fixedBytes(data, bits / 8);
  if (bits === 32) {
    const numbers = aligned(bytes, Int32Array);
    return (row) => BigInt(numbers[row] ?? 0);
  }
  const words = aligned(bytesIn(bytes), BigInt64Array);
  if (bits === 64) return (row) => words[row] ?? 0n;
  if (bits === 128) return (row) => wideAt(words, row);
  return (row) => {
    let value = words[4 * row + 3] ?? 0n;
    for (let word = 2; word >= 0; word--) value = (value << 64n) | BigInt.asUintN(64, words[4 * row + word] ?? 0n);
    return value;
  };
}

function decimalOf(unscaled: bigint, scale: number): string {
  return scale >= 0 ? decimalText(unscaled, scale) : `${unscaled}${'0'.repeat(-scale)}`;
}
