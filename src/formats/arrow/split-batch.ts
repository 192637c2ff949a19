import type { SqlBatch, SqlType, SqlVector } from '#domain/sql/sql-type.ts';
import { sizeOfBatch } from '#domain/sql/sql-type.ts';
import { bitmapBytes } from '../columns/layout.ts';
import { widthOf } from './arrow-encoder.ts';

/** Parts begin on a whole byte of every bitmap, and on a whole word of eight rows. */
const STEP = 64;

/**
 * Cuts a batch into parts of some `most` bytes at most each, as views of the same memory; only offsets are written
 * anew. One with nested columns stays whole.
 */
export function* splitBatch(types: readonly SqlType[], batch: SqlBatch, most: number): Generator<SqlBatch> {
  const parts = Math.ceil(sizeOfBatch(batch) / most);
  if (parts <= 1 || types.some(isNested)) {
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

function part(type: SqlType, { validity, data, offsets }: SqlVector, from: number, length: number): SqlVector {
  const bits = (bytes: Uint8Array) => bytes.subarray(from / 8, from / 8 + bitmapBytes(length));
  const shared = { length, validity: validity === null ? null : bits(validity), children: [] };
  if (offsets !== null) {
    const start = offsets[from] ?? 0;
    const moved = offsets.slice(from, from + length + 1);
    for (let at = 0; at <= length; at++) moved[at] = (moved[at] ?? 0) - start;
    return { ...shared, data: data.subarray(start, offsets[from + length]), offsets: moved };
  }
  const width = widthOf(type) ?? 0;
  return { ...shared, data: width === 0 ? bits(data) : data.subarray(from * width, (from + length) * width), offsets };
}

function isNested({ kind }: SqlType): boolean {
  return kind === 'list' || kind === 'struct' || kind === 'map';
}
