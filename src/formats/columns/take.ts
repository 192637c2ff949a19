import type { DbType } from '#domain/dataset/db-type.ts';
import type { ColumnSchema, ColumnVector, RecordBatch } from '#domain/record/batch.ts';
import { bitmapBytes, byteWidth, isBitSet, isValid, setBit } from './layout.ts';

/** The rows at some places of a batch, in that order. */
export function takeRows(columns: readonly ColumnSchema[], batch: RecordBatch, places: Int32Array): RecordBatch {
  return {
    length: places.length,
    columns: batch.columns.map((vector, index) => {
      const column = columns[index];
      if (column === undefined) throw new RangeError('a batch has more columns than its schema');
      return takeValues(column.dbType, vector, places);
    }),
  };
}

/** The values at some places of a column, in that order; a negative place is null. */
export function takeValues(type: DbType, vector: ColumnVector, places: Int32Array): ColumnVector {
  const validity = takeValidity(vector, places);
  const width = byteWidth(type);
  if (width === null) return { validity, ...takeTexts(vector, places) };
  return { validity, data: width === 0 ? takeBits(vector, places) : takeFixed(vector, width, places), offsets: null };
}

/** Columns of one type, one behind the other. */
export function concatenateValues(
  type: DbType,
  parts: readonly { readonly vector: ColumnVector; readonly length: number }[],
): { readonly vector: ColumnVector; readonly length: number } {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const validity = new Uint8Array(bitmapBytes(length));
  const bits = new Uint8Array(bitmapBytes(length));
  const offsets = new Int32Array(length + 1);
  const width = byteWidth(type);
  const data: Uint8Array[] = [];
  let from = 0;
  for (const { vector, length: count } of parts) {
    for (let at = 0; at < count; at++) {
      if (isValid(vector, at)) setBit(validity, from + at);
      if (width === 0 && isBitSet(vector.data, at)) setBit(bits, from + at);
      if (width === null) offsets[from + at + 1] = (offsets[from + at] ?? 0) + sizeAt(vector, at);
    }
    const [first = 0, last = 0] = [vector.offsets?.[0], vector.offsets?.[count]];
    data.push(width === null ? vector.data.subarray(first, last) : vector.data.subarray(0, width * count));
    from += count;
  }
  const bytes = width === 0 ? bits : new Uint8Array(Buffer.concat(data));
  return { vector: { validity, data: bytes, offsets: width === null ? offsets : null }, length };
}

function sizeAt({ offsets }: ColumnVector, at: number): number {
  return (offsets?.[at + 1] ?? 0) - (offsets?.[at] ?? 0);
}

function takeValidity(vector: ColumnVector, places: Int32Array): Uint8Array | null {
  if (vector.validity === null && !places.some((place) => place < 0)) return null;
  const validity = new Uint8Array(bitmapBytes(places.length));
  places.forEach((place, at) => {
    if (place >= 0 && isValid(vector, place)) setBit(validity, at);
  });
  return validity;
}

function takeBits({ data }: ColumnVector, places: Int32Array): Uint8Array {
  const bits = new Uint8Array(bitmapBytes(places.length));
  places.forEach((place, at) => {
    if (place >= 0 && isBitSet(data, place)) setBit(bits, at);
  });
  return bits;
}

function takeFixed({ data }: ColumnVector, width: number, places: Int32Array): Uint8Array {
  const taken = new Uint8Array(width * places.length);
  places.forEach((place, at) => {
    if (place >= 0) taken.set(data.subarray(place * width, (place + 1) * width), at * width);
  });
  return taken;
}

function takeTexts(vector: ColumnVector, places: Int32Array): { data: Uint8Array; offsets: Int32Array } {
  const offsets = new Int32Array(places.length + 1);
  places.forEach((place, at) => {
    offsets[at + 1] = (offsets[at] ?? 0) + (place < 0 ? 0 : sizeAt(vector, place));
  });
  const data = new Uint8Array(offsets[places.length] ?? 0);
  places.forEach((place, at) => {
    if (place < 0) return;
    const from = vector.offsets?.[place] ?? 0;
    data.set(vector.data.subarray(from, from + sizeAt(vector, place)), offsets[at]);
  });
  return { data, offsets };
}
