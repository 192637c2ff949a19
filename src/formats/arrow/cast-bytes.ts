import type { FixedSizeBinary } from 'apache-arrow';
import type { DbType } from '#domain/dataset/db-type.ts';
import { bitmapBytes } from '../columns/layout.ts';
import { type Cast, fixedBytes, sized, validityOf } from './cast-values.ts';

/** Booleans stay what they are. */
export function castBool(to: DbType): Cast | null {
  if (to.name !== 'BOOLEAN') return null;
  return (data) => ({
    vector: { validity: validityOf(data), data: sized(data.values, bitmapBytes(data.length)), offsets: null },
    faults: [],
  });
}

/** Sixteen bytes are a UUID, with the extension name or without. */
export function castBinary(from: FixedSizeBinary, to: DbType): Cast | null {
  if (to.name !== 'UUID' || from.byteWidth !== 16) return null;
  return (data) => ({ vector: { validity: validityOf(data), data: fixedBytes(data, 16), offsets: null }, faults: [] });
}
