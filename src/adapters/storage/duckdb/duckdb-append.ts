import {
  BIGINT,
  BOOLEAN,
  DATE,
  DECIMAL,
  DOUBLE,
  type DuckDBAppender,
  DuckDBDataChunk,
  type DuckDBType,
  INTEGER,
  SMALLINT,
  TIME,
  TIMESTAMP,
  UUID,
  VARCHAR,
} from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import type { DbType } from '#domain/dataset/db-type.ts';
import type { ColumnVector, RecordBatch } from '#domain/record/batch.ts';
import { isBitSet, isValid } from '#formats/columns/layout.ts';
import { decimalWidth } from './duckdb-vectors.ts';

/** Rows that one chunk of the engine holds. */
const CHUNK_ROWS = 2048;

/** The driver's type of a column. */
function driverType(type: DbType): DuckDBType {
  switch (type.name) {
    case 'VARCHAR':
    case 'JSON':
      return VARCHAR;
    case 'DATE':
      return DATE;
    case 'TIME':
      return TIME;
    case 'TIMESTAMP':
      return TIMESTAMP;
    case 'UUID':
      return UUID;
    case 'BIGINT':
      return BIGINT;
    case 'INTEGER':
      return INTEGER;
    case 'SMALLINT':
      return SMALLINT;
    case 'DOUBLE':
      return DOUBLE;
    case 'DECIMAL':
      return DECIMAL(type.precision, type.scale);
    case 'BOOLEAN':
      return BOOLEAN;
  }
}

/** Appends a batch to a table of the same columns, block by block: buffers are copied, no value is touched by itself. */
export function appendBatch(appender: DuckDBAppender, types: readonly DbType[], batch: RecordBatch): void {
  const chunkTypes = types.map(driverType);
  for (let start = 0; start < batch.length; start += CHUNK_ROWS) {
    const rows = Math.min(CHUNK_ROWS, batch.length - start);
    const chunk = DuckDBDataChunk.create(chunkTypes, rows);
    types.forEach((type, index) => {
      const column = batch.columns[index];
      if (column !== undefined) fillVector(duckdb.data_chunk_get_vector(chunk.chunk, index), type, column, start, rows);
    });
    appender.appendDataChunk(chunk);
  }
}

function fillVector(vector: duckdb.Vector, type: DbType, column: ColumnVector, start: number, rows: number): void {
  fillValidity(vector, column, start, rows);
  switch (type.name) {
    case 'VARCHAR':
    case 'JSON':
      fillTexts(vector, column, start, rows);
      return;
    case 'BOOLEAN':
      copy(vector, bytesOfBits(column.data, start, rows));
      return;
    case 'UUID':
      copy(vector, reversedUuids(column.data, start, rows));
      return;
    case 'DECIMAL':
      copy(vector, narrowDecimals(column.data, decimalWidth(type.precision), start, rows));
      return;
    default: {
      const width = type.name === 'SMALLINT' ? 2 : type.name === 'INTEGER' || type.name === 'DATE' ? 4 : 8;
      copy(vector, column.data.subarray(start * width, (start + rows) * width));
    }
  }
}

function copy(vector: duckdb.Vector, bytes: Uint8Array): void {
  duckdb.copy_data_to_vector(vector, 0, bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
}

/** Chunks begin at multiples of eight rows, so whole bytes of the bitmap can be taken. */
function fillValidity(vector: duckdb.Vector, { validity }: ColumnVector, start: number, rows: number): void {
  if (validity === null) return;
  duckdb.vector_ensure_validity_writable(vector);
  const bits = validity.subarray(start / 8, start / 8 + Math.ceil(rows / 8));
  duckdb.copy_data_to_vector_validity(vector, 0, bits.buffer as ArrayBuffer, bits.byteOffset, bits.byteLength);
}

function bytesOfBits(bits: Uint8Array, start: number, rows: number): Uint8Array {
  const bytes = new Uint8Array(rows);
  for (let row = 0; row < rows; row++) bytes[row] = isBitSet(bits, start + row) ? 1 : 0;
  return bytes;
}

function reversedUuids(data: Uint8Array, start: number, rows: number): Uint8Array {
  const reversed = new Uint8Array(rows * 16);
  for (let row = 0; row < rows; row++) {
    const source = (start + row) * 16;
    const target = row * 16 + 15;
    for (let byte = 0; byte < 16; byte++) reversed[target - byte] = data[source + byte] ?? 0;
    reversed[target] = (reversed[target] ?? 0) ^ 0x80;
  }
  return reversed;
}

function narrowDecimals(data: Uint8Array, width: number, start: number, rows: number): Uint8Array {
  if (width === 16) return data.subarray(start * 16, (start + rows) * 16);
  const narrow = new Uint8Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const source = (start + row) * 16;
    for (let byte = 0; byte < width; byte++) narrow[row * width + byte] = data[source + byte] ?? 0;
  }
  return narrow;
}

const INLINE_LENGTH = 12;

/**
 * Writes the engine's 16-byte string entries: length and, up to 12 bytes, the text itself; else four bytes of it and a
 * pointer. All long texts of the chunk are handed over as one string, whose pointer the entries then point behind.
 */
function fillTexts(vector: duckdb.Vector, column: ColumnVector, start: number, rows: number): void {
  const { data, offsets } = column;
  if (offsets === null) throw new TypeError('a text column has offsets');
  const entries = new Uint8Array(rows * 16);
  const view = new DataView(entries.buffer);
  const first = offsets[start] ?? 0;
  const base = longTextsBase(vector, column, start, rows);
  for (let row = 0; row < rows; row++) {
    const from = offsets[start + row] ?? 0;
    const length = (offsets[start + row + 1] ?? from) - from;
    if (length === 0 || !isValid(column, start + row)) continue;
    const entry = row * 16;
    view.setUint32(entry, length, true);
    const shown = length <= INLINE_LENGTH ? length : 4;
    for (let byte = 0; byte < shown; byte++) entries[entry + 4 + byte] = data[from + byte] ?? 0;
    if (length > INLINE_LENGTH) view.setBigUint64(entry + 8, base + BigInt(from - first), true);
  }
  copy(vector, entries);
}

/** Puts the chunk's texts into the vector's own memory and returns where; 0 where none is long. */
function longTextsBase(vector: duckdb.Vector, { data, offsets }: ColumnVector, start: number, rows: number): bigint {
  if (offsets === null) return 0n;
  let anyLong = false;
  for (let row = start; row < start + rows && !anyLong; row++) {
    anyLong = (offsets[row + 1] ?? 0) - (offsets[row] ?? 0) > INLINE_LENGTH;
  }
  if (!anyLong) return 0n;
  const all = data.subarray(offsets[start] ?? 0, offsets[start + rows] ?? 0);
  duckdb.vector_assign_string_element_len(vector, 0, all);
  const entry = duckdb.vector_get_data(vector, 16);
  return new DataView(entry.buffer, entry.byteOffset, 16).getBigUint64(8, true);
}
