import type { DbType } from '#domain/dataset/db-type.ts';
import type { ColumnVector } from '#domain/record/batch.ts';
import { aligned, bytesIn, isValid } from '#formats/columns/layout.ts';
import { readValues } from '#formats/columns/read-values.ts';
import { writeValues } from '#formats/columns/write-values.ts';
import { decoderOf, encoderOf, type SqliteValue } from './sqlite-values.ts';

/** Values as they lie in the store, as a column. Integers and instants are bits that need no reading. */
export function columnOf(type: DbType, stored: readonly SqliteValue[]): ColumnVector {
  if (isPlainInteger(type) && !stored.includes(null)) {
    return { validity: null, data: bytesIn(BigInt64Array.from(stored as readonly bigint[], BigInt)), offsets: null };
  }
  return writeValues(type, stored.map(decoderOf(type)));
}

/** The values of a column as they lie in the store. */
export function storedValues(type: DbType, vector: ColumnVector, length: number): SqliteValue[] {
  if (isPlainInteger(type)) {
    const numbers = aligned(vector.data, BigInt64Array);
    return Array.from({ length }, (_, at) => (isValid(vector, at) ? (numbers[at] ?? null) : null));
  }
  return readValues(type, vector, length).map(encoderOf(type));
}

/** Types whose values in the store are the 64-bit integers of a column. */
function isPlainInteger({ name }: DbType): boolean {
  return name === 'BIGINT' || name === 'TIMESTAMP';
}
