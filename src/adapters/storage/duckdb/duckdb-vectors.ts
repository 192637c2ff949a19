import type { DuckDBDataChunk } from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import type { DbType } from '#domain/dataset/db-type.ts';
import type { ColumnVector } from '#domain/record/batch.ts';

/** Gathers one column of many chunks of the engine into one vector in Arrow's layout. */
export interface ChunkCopier {
  /** Makes room for that many rows; called once, first. */
  reserve(rows: number): void;
  append(chunk: DuckDBDataChunk, column: number): void;
  /** The same for some rows of a vector. */
  appendPart(vector: duckdb.Vector, from: number, rows: number): void;
  finish(rows: number): ColumnVector;
}

/** The vector formats are those of the engine's C interface (https://duckdb.org/docs/stable/clients/c/vector). */
export function copierOf(type: DbType): ChunkCopier {
  switch (type.name) {
    case 'VARCHAR':
    case 'JSON':
      return new TextCopier();
    case 'BOOLEAN':
      return new FixedCopier(1, 1, copyBytes, packBits);
    case 'SMALLINT':
      return new FixedCopier(2, 2, copyBytes);
    case 'INTEGER':
    case 'DATE':
      return new FixedCopier(4, 4, copyBytes);
    case 'UUID':
      return new FixedCopier(16, 16, copyUuids);
    case 'DECIMAL':
      return new FixedCopier(decimalWidth(type.precision), 16, widenDecimals(decimalWidth(type.precision)));
    default:
      return new FixedCopier(8, 8, copyBytes);
  }
}

/** Text, or the bytes of blobs, which the engine keeps alike. */
export function textCopier(): ChunkCopier {
  return new TextCopier();
}

export function booleanCopier(): ChunkCopier {
  return new FixedCopier(1, 1, copyBytes, packBits);
}

/** Values of a fixed width, as they are or changed by `copy`. */
export function fixedCopier(sourceWidth: number, width = sourceWidth, copy: CopyValues = copyBytes): ChunkCopier {
  return new FixedCopier(sourceWidth, width, copy);
}

/**
 * Copies `rows` values into `to`, where the first of them begins at byte `at`. What stands in the place of a null is
 * anything: a copier that judges values asks `isNull` first.
 */
export type CopyValues = (
  from: Uint8Array,
  to: Uint8Array,
  at: number,
  rows: number,
  isNull: (row: number) => boolean,
) => void;

/** Validity bits of a growing column; the engine's words and Arrow's bytes have the same order of bits. */
export class Validity {
  #bits: Uint8Array | null = null;
  #capacity = 0;

  reserve(rows: number): void {
    this.#capacity = rows;
  }

  append(vector: duckdb.Vector, at: number, from: number, rows: number): void {
    const words = duckdb.vector_get_validity(vector, Math.ceil((from + rows) / 64) * 8);
    if (words === null || words === undefined) return;
    this.#bits ??= new Uint8Array(Math.ceil(this.#capacity / 8)).fill(0xff);
    const bits = this.#bits;
    if (at % 8 === 0 && from % 8 === 0 && rows % 8 === 0) {
      bits.set(words.subarray(from / 8, (from + rows) / 8), at / 8);
      return;
    }
    for (let row = 0; row < rows; row++) {
      const valid = ((words[(from + row) >> 3] ?? 0) >> ((from + row) & 7)) & 1;
      const target = at + row;
      if (valid === 0) bits[target >> 3] = (bits[target >> 3] ?? 0) & ~(1 << (target & 7));
    }
  }

  finish(): Uint8Array | null {
    return this.#bits;
  }
}

function isNullAt(vector: duckdb.Vector, at: number): boolean {
  const words = duckdb.vector_get_validity(vector, ((at >> 6) + 1) * 8);
  return words !== null && words !== undefined && (((words[at >> 3] ?? 0) >> (at & 7)) & 1) === 0;
}

class FixedCopier implements ChunkCopier {
  readonly #sourceWidth: number;
  readonly #width: number;
  readonly #copy: CopyValues;
  readonly #pack: (values: Uint8Array) => Uint8Array;
  readonly #validity = new Validity();
  #values = new Uint8Array(0);
  #rows = 0;

  constructor(sourceWidth: number, width: number, copy: CopyValues, pack = (values: Uint8Array) => values) {
    this.#sourceWidth = sourceWidth;
    this.#width = width;
    this.#copy = copy;
    this.#pack = pack;
  }

  reserve(rows: number): void {
    this.#values = new Uint8Array(rows * this.#width);
    this.#validity.reserve(rows);
  }

  append(chunk: DuckDBDataChunk, column: number): void {
    this.appendPart(duckdb.data_chunk_get_vector(chunk.chunk, column), 0, chunk.rowCount);
  }

  appendPart(vector: duckdb.Vector, from: number, rows: number): void {
    const values = duckdb.vector_get_data(vector, (from + rows) * this.#sourceWidth);
    const isNull = (row: number) => isNullAt(vector, from + row);
    this.#copy(values.subarray(from * this.#sourceWidth), this.#values, this.#rows * this.#width, rows, isNull);
    this.#validity.append(vector, this.#rows, from, rows);
    this.#rows += rows;
  }

  finish(): ColumnVector {
    return { validity: this.#validity.finish(), data: this.#pack(this.#values), offsets: null };
  }
}

function copyBytes(from: Uint8Array, to: Uint8Array, at: number): void {
  to.set(from, at);
}

/** Little-endian with the top bit turned over, so that it sorts as a signed number; Arrow wants the UUID's own bytes. */
export function copyUuids(from: Uint8Array, to: Uint8Array, at: number, rows: number): void {
  for (let row = 0; row < rows; row++) {
    const source = row * 16 + 15;
    const target = at + row * 16;
    for (let byte = 0; byte < 16; byte++) to[target + byte] = from[source - byte] ?? 0;
    to[target] = (to[target] ?? 0) ^ 0x80;
  }
}

/** Bytes in which the engine keeps a decimal of so many digits. */
export function decimalWidth(precision: number): number {
  return precision <= 4 ? 2 : precision <= 9 ? 4 : precision <= 18 ? 8 : 16;
}

/** A decimal of few digits is kept in fewer bytes; the sign fills the rest. */
export function widenDecimals(width: number): CopyValues {
  return (from, to, at, rows) => {
    if (width === 16) {
      to.set(from, at);
      return;
    }
    for (let row = 0; row < rows; row++) {
      const source = row * width;
      const target = at + row * 16;
      for (let byte = 0; byte < width; byte++) to[target + byte] = from[source + byte] ?? 0;
      if (((from[source + width - 1] ?? 0) & 0x80) !== 0) to.fill(0xff, target + width, target + 16);
    }
  };
}

function packBits(values: Uint8Array): Uint8Array {
  const bits = new Uint8Array(Math.ceil(values.length / 8));
  for (let row = 0; row < values.length; row++) {
    if (values[row] !== 0) bits[row >> 3] = (bits[row >> 3] ?? 0) | (1 << (row & 7));
  }
  return bits;
}

/** Bytes of a string that the engine keeps inside its 16-byte entry. */
const INLINE_LENGTH = 12;
/** Two strings with less than a page between them lie in memory that is all mapped, so one read may span them. */
const MAX_GAP = 4096n;

class TextCopier implements ChunkCopier {
  readonly #validity = new Validity();
  #offsets = new Int32Array(1);
  #bytes = Buffer.alloc(0);
  #length = 0;
  #rows = 0;

  reserve(rows: number): void {
    this.#offsets = new Int32Array(rows + 1);
    this.#bytes = Buffer.allocUnsafe(Math.max(64, rows * 8));
    this.#validity.reserve(rows);
  }

  append(chunk: DuckDBDataChunk, column: number): void {
    this.appendPart(duckdb.data_chunk_get_vector(chunk.chunk, column), 0, chunk.rowCount);
  }

  appendPart(vector: duckdb.Vector, first: number, rows: number): void {
    const entries = duckdb.vector_get_data(vector, (first + rows) * 16).subarray(first * 16);
    const valid = duckdb.vector_get_validity(vector, Math.ceil((first + rows) / 64) * 8);
    const view = new DataView(entries.buffer, entries.byteOffset, entries.byteLength);
    const isNull = (row: number) =>
      valid !== null && valid !== undefined && (((valid[(first + row) >> 3] ?? 0) >> ((first + row) & 7)) & 1) === 0;
    let run: LongRun | null = null;
    for (let row = 0; row < rows; row++) {
      const length = isNull(row) ? 0 : view.getUint32(row * 16, true);
      this.#grow(length);
      if (length > INLINE_LENGTH) {
        const pointer = view.getBigUint64(row * 16 + 8, true);
        if (run === null || pointer < run.start || pointer + BigInt(length) > run.end) {
          run = readRun(entries, view, row, rows, isNull);
        }
        const from = Number(pointer - run.start);
        this.#bytes.set(run.bytes.subarray(from, from + length), this.#length);
      } else {
        const from = row * 16 + 4;
        for (let byte = 0; byte < length; byte++) this.#bytes[this.#length + byte] = entries[from + byte] ?? 0;
      }
      this.#length += length;
      this.#offsets[this.#rows + row + 1] = this.#length;
    }
    this.#validity.append(vector, this.#rows, first, rows);
    this.#rows += rows;
  }

  finish(): ColumnVector {
    return {
      validity: this.#validity.finish(),
      data: this.#bytes.subarray(0, this.#length),
      offsets: this.#offsets,
    };
  }

  #grow(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + more));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

/** Long strings that follow one another in memory, read at once. */
interface LongRun {
  readonly start: bigint;
  readonly end: bigint;
  readonly bytes: Uint8Array;
}

function readRun(
  entries: Uint8Array,
  view: DataView,
  first: number,
  rows: number,
  isNull: (row: number) => boolean,
): LongRun {
  const start = view.getBigUint64(first * 16 + 8, true);
  let end = start + BigInt(view.getUint32(first * 16, true));
  for (let row = first + 1; row < rows; row++) {
    const length = isNull(row) ? 0 : view.getUint32(row * 16, true);
    if (length <= INLINE_LENGTH) continue;
    const pointer = view.getBigUint64(row * 16 + 8, true);
    if (pointer < start || pointer > end + MAX_GAP) break;
    const last = pointer + BigInt(length);
    if (last > end) end = last;
  }
  const buffer = entries.buffer as ArrayBuffer;
  const bytes = duckdb.get_data_from_pointer(buffer, entries.byteOffset + first * 16 + 8, Number(end - start));
  return { start, end, bytes };
}
