import type { SqlBatch, SqlType, SqlVector } from '#domain/sql/sql-type.ts';
import { sizeOfBatch } from '#domain/sql/sql-type.ts';
import { bitmapBytes } from '../columns/layout.ts';
import { childTypes, widthOf } from './arrow-encoder.ts';

/** Parts begin on a whole byte of every bitmap, and on a whole word of eight rows. */
const STEP = 64;

/**
 * Cuts a batch into parts of some `most` bytes at most each, as views of the same memory; only offsets are written
 * anew, and the bitmaps of nested parts that begin within a byte.
 */
export function* splitBatch(types: readonly SqlType[], batch: SqlBatch, most: number): Generator<SqlBatch> {
  const parts = Math.ceil(sizeOfBatch(batch) / most);
  if (parts <= 1) {
    yield batch;
    return;
  }
  const rows = Math.max(STEP, Math.ceil(batch.length / parts / STEP) * STEP);
  for (let from = 0; from < batch.length; from += rows) {
    const length = Math.min(rows, batch.length - from);
    const columns = batch.columns.map((vector, index) => part(types[index] as SqlType, vector, from, length));
    yield { length, columns };
  }
}

function part(type: SqlType, vector: SqlVector, from: number, length: number): SqlVector {
  const { validity, data, offsets } = vector;
  const shared = { length, validity: validity === null ? null : bitsOf(validity, from, length) };
  if (offsets !== null) {
    const start = offsets[from] ?? 0;
    const end = offsets[from + length] ?? start;
    const moved = offsets.slice(from, from + length + 1);
    for (let at = 0; at <= length; at++) moved[at] = (moved[at] ?? 0) - start;
    const children = partsOf(type, vector, start, end - start);
    return { ...shared, data: children.length > 0 ? data : data.subarray(start, end), offsets: moved, children };
  }
  const size = type.kind === 'list' ? (type.size ?? 1) : 1;
  const children = partsOf(type, vector, from * size, length * size);
  const width = widthOf(type);
  if (width === null) return { ...shared, data, offsets, children };
  const values = width === 0 ? bitsOf(data, from, length) : data.subarray(from * width, (from + length) * width);
  return { ...shared, data: values, offsets, children };
}

function partsOf(type: SqlType, { children }: SqlVector, from: number, length: number): SqlVector[] {
  const types = childTypes(type);
  return children.map((child, index) => part(types[index] as SqlType, child, from, length));
}

function bitsOf(bytes: Uint8Array, from: number, length: number): Uint8Array {
  const first = from >> 3;
  const shift = from & 7;
  const size = bitmapBytes(length);
  if (shift === 0) return bytes.subarray(first, first + size);
  return Uint8Array.from({ length: size }, (_, at) => {
    return ((bytes[first + at] ?? 0) >> shift) | ((bytes[first + at + 1] ?? 0) << (8 - shift));
  });
}
