import type { DbType } from '#domain/dataset/db-type.ts';
import type { ColumnSchema, ColumnVector, RecordBatch } from '#domain/record/batch.ts';
import { microsecondsOf } from '#domain/record/time.ts';
import type { Row, Value } from '#domain/record/value.ts';
import { setWide, unscaledOf } from './decimal.ts';
import { bitmapBytes, bytesIn, setBit } from './layout.ts';
import { daysOf, timeMicrosOf } from './temporal.ts';

/** Rows of canonical values, in the order of the columns, as one batch. */
export function writeRows(columns: readonly ColumnSchema[], rows: readonly Row[]): RecordBatch {
  return {
    length: rows.length,
    columns: columns.map(({ dbType }, index) =>
      writeValues(
        dbType,
        rows.map((row) => row[index] ?? null),
      ),
    ),
  };
}

/** Canonical values of one type as a column. */
export function writeValues(type: DbType, values: readonly Value[]): ColumnVector {
  const validity = validityOf(values);
  if (type.name === 'VARCHAR' || type.name === 'JSON') return { validity, ...writeTexts(values) };
  return { validity, data: writeFixed(type, values), offsets: null };
}

function validityOf(values: readonly Value[]): Uint8Array | null {
  if (!values.includes(null)) return null;
  const validity = new Uint8Array(bitmapBytes(values.length));
  values.forEach((value, at) => {
    if (value !== null) setBit(validity, at);
  });
  return validity;
}

function writeTexts(values: readonly Value[]): { data: Uint8Array; offsets: Int32Array } {
  const offsets = new Int32Array(values.length + 1);
  const texts = values.map((value) => (value === null ? '' : String(value)));
  let bytes = 0;
  for (const [at, text] of texts.entries()) {
    bytes += Buffer.byteLength(text);
    offsets[at + 1] = bytes;
  }
  return { data: new TextEncoder().encode(texts.join('')), offsets };
}

function writeFixed(type: DbType, values: readonly Value[]): Uint8Array {
  switch (type.name) {
    case 'BOOLEAN':
      return writeBits(values);
    case 'SMALLINT':
      return bytesIn(Int16Array.from(values, Number));
    case 'INTEGER':
      return bytesIn(Int32Array.from(values, Number));
    case 'DOUBLE':
      return bytesIn(Float64Array.from(values, Number));
    case 'DATE':
      return bytesIn(Int32Array.from(values, (value) => (value === null ? 0 : daysOf(String(value)))));
    case 'BIGINT':
      return writeBigints(values, BigInt);
    case 'TIME':
      return writeBigints(values, (value) => timeMicrosOf(String(value)));
    case 'TIMESTAMP':
      return writeBigints(values, (value) => microsecondsOf(String(value)));
    case 'DECIMAL':
      return writeDecimals(values);
    case 'UUID':
      return writeUuids(values);
    default:
      throw new TypeError(`${type.name} has no fixed width`);
  }
}

function writeBits(values: readonly Value[]): Uint8Array {
  const bits = new Uint8Array(bitmapBytes(values.length));
  values.forEach((value, at) => {
    if (value === true) setBit(bits, at);
  });
  return bits;
}

function writeBigints(values: readonly Value[], map: (value: Exclude<Value, null>) => bigint): Uint8Array {
  return bytesIn(BigInt64Array.from(values, (value) => (value === null ? 0n : map(value))));
}

function writeDecimals(values: readonly Value[]): Uint8Array {
  const words = new BigInt64Array(2 * values.length);
  values.forEach((value, at) => {
    if (value !== null) setWide(words, at, unscaledOf(String(value)));
  });
  return bytesIn(words);
}

function writeUuids(values: readonly Value[]): Uint8Array {
  const bytes = Buffer.alloc(16 * values.length);
  values.forEach((value, at) => {
    if (value !== null) bytes.write(String(value).replaceAll('-', ''), at * 16, 'hex');
  });
  return bytes;
}
