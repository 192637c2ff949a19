import type { Data } from 'apache-arrow';
import type { DbType } from '#domain/dataset/db-type.ts';
import type { ColumnVector } from '#domain/record/batch.ts';
import type { Value } from '#domain/record/value.ts';
import { Invalid } from '#domain/record/value-rules.ts';
import { bitmapBytes, bytesIn, isBitSet, setBit } from '../columns/layout.ts';
import { writeValues } from '../columns/write-values.ts';

/** A column in the layout of its storage type, and the values that could not be brought there (null in the column). */
export interface CastColumn {
  readonly vector: ColumnVector;
  readonly faults: readonly CastFault[];
}

/** Why a value cannot be taken; `message` completes "NAME …". */
export interface CastFault {
  readonly row: number;
  readonly message: string;
}

/** Brings the data of one Arrow type into the layout of one storage type. */
export type Cast = (data: Data) => CastColumn;

/** The validity bitmap of Arrow data; null where every row has a value. */
export function validityOf(data: Data): Uint8Array | null {
  if (data.nullCount === 0) return null;
  return sized(data.nullBitmap, bitmapBytes(data.length));
}

/** The bytes of a fixed-width buffer. @throws RangeError where it is shorter than its rows */
export function fixedBytes(data: Data, width: number): Uint8Array {
  return sized(bytesIn(data.values), width * data.length);
}

/** The first bytes of a buffer. @throws RangeError where it has fewer */
export function sized(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.byteLength < length) throw new RangeError('a buffer is shorter than its rows');
  return bytes.subarray(0, length);
}

/** The long way: each value by itself, by the one rule of values. */
export function castEach(data: Data, to: DbType, valueAt: (row: number) => Value | Invalid): CastColumn {
  const validity = validityOf(data);
  const faults: CastFault[] = [];
  const values: Value[] = [];
  for (let row = 0; row < data.length; row++) {
    const value = validity === null || isBitSet(validity, row) ? valueAt(row) : null;
    if (value instanceof Invalid) faults.push({ row, message: value.message });
    values.push(value instanceof Invalid ? null : value);
  }
  return { vector: writeValues(to, values), faults };
}

/** The rows, of those that have a value, that a test finds fault with. */
export function faultsWhere(data: Data, message: string, isFaulty: (row: number) => boolean): CastFault[] {
  const validity = validityOf(data);
  const faults: CastFault[] = [];
  for (let row = 0; row < data.length; row++) {
    if (isFaulty(row) && (validity === null || isBitSet(validity, row))) faults.push({ row, message });
  }
  return faults;
}

/** The validity of a column once some of its values turned out to be faulty. */
export function withoutFaults(
  validity: Uint8Array | null,
  length: number,
  faults: readonly CastFault[],
): Uint8Array | null {
  if (faults.length === 0) return validity;
  const bad = new Set(faults.map((fault) => fault.row));
  const left = new Uint8Array(bitmapBytes(length));
  for (let row = 0; row < length; row++) {
    if (!bad.has(row) && (validity === null || isBitSet(validity, row))) setBit(left, row);
  }
  return left;
}
