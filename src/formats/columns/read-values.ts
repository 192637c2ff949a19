import type { DbType } from '#domain/dataset/db-type.ts';
import type { ColumnSchema, ColumnVector, RecordBatch } from '#domain/record/batch.ts';
import type { Row, Value } from '#domain/record/value.ts';
import { decimalText, wideAt } from './decimal.ts';
import { aligned, isBitSet, isValid } from './layout.ts';
import { dateOf, timeOf, timestampOfMicros } from './temporal.ts';

/** The rows of a batch as canonical values, for the few places that need them one by one. */
export function readRows(columns: readonly ColumnSchema[], batch: RecordBatch): Row[] {
  const values = columns.map(({ dbType, name }, index) => {
    const vector = batch.columns[index];
    if (vector === undefined) throw new RangeError(`a batch lacks the column "${name}"`);
    return readValues(dbType, vector, batch.length);
  });
  return Array.from({ length: batch.length }, (_, at) => values.map((column) => column[at] ?? null));
}

/** One column as canonical values. */
export function readValues(type: DbType, vector: ColumnVector, length: number): Value[] {
  const read = valueReader(type, vector);
  return Array.from({ length }, (_, at) => (isValid(vector, at) ? read(at) : null));
}

function valueReader(type: DbType, { data, offsets }: ColumnVector): (at: number) => Value {
  switch (type.name) {
    case 'VARCHAR':
    case 'JSON':
      return textReader(data, offsets ?? new Int32Array(1));
    case 'BOOLEAN':
      return (at) => isBitSet(data, at);
    case 'SMALLINT':
      return numberReader(aligned(data, Int16Array));
    case 'INTEGER':
      return numberReader(aligned(data, Int32Array));
    case 'DOUBLE':
      return numberReader(aligned(data, Float64Array));
    case 'BIGINT':
      return bigintReader(data, (value) => value);
    case 'TIME':
      return bigintReader(data, timeOf);
    case 'TIMESTAMP':
      return bigintReader(data, timestampOfMicros);
    case 'DATE': {
      const days = aligned(data, Int32Array);
      return (at) => dateOf(days[at] ?? 0);
    }
    case 'DECIMAL': {
      const words = aligned(data, BigInt64Array);
      return (at) => decimalText(wideAt(words, at), type.scale);
    }
    case 'UUID':
      return uuidReader(data);
  }
}

function numberReader(numbers: Int16Array | Int32Array | Float64Array): (at: number) => Value {
  return (at) => numbers[at] ?? 0;
}

function bigintReader(data: Uint8Array, map: (value: bigint) => Value): (at: number) => Value {
  const numbers = aligned(data, BigInt64Array);
  return (at) => map(numbers[at] ?? 0n);
}

function textReader(data: Uint8Array, offsets: Int32Array): (at: number) => Value {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return (at) => bytes.toString('utf8', offsets[at] ?? 0, offsets[at + 1] ?? 0);
}

function uuidReader(data: Uint8Array): (at: number) => Value {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return (at) => {
    const hex = bytes.toString('hex', at * 16, at * 16 + 16);
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  };
}
