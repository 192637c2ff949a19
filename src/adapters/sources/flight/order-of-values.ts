import type { DbType } from '#domain/dataset/db-type.ts';
import type { ColumnVector } from '#domain/record/batch.ts';
import { wideAt } from '#formats/columns/decimal.ts';
import { aligned } from '#formats/columns/layout.ts';

/**
 * Whether one of some values is less than the one before. Texts are never said to be: each server has an order of its
 * own for them. No value may be null.
 */
export function isDescending(
  type: DbType,
  parts: readonly { readonly vector: ColumnVector; readonly length: number }[],
): boolean {
  let before: number | bigint | null = null;
  for (const [index, { vector, length }] of parts.entries()) {
    const read = readerOf(type, vector);
    if (read === null) return false;
    // Of what was judged already only the last one counts.
    for (let at = index < parts.length - 1 ? Math.max(0, length - 1) : 0; at < length; at++) {
      const value = read(at);
      if (before !== null && value < before) return true;
      before = value;
    }
  }
  return false;
}

function readerOf(type: DbType, { data }: ColumnVector): ((at: number) => number | bigint) | null {
  switch (type.name) {
    case 'SMALLINT':
      return numbersOf(aligned(data, Int16Array));
    case 'INTEGER':
    case 'DATE':
      return numbersOf(aligned(data, Int32Array));
    case 'DOUBLE':
      return numbersOf(aligned(data, Float64Array));
    case 'BIGINT':
    case 'TIME':
    case 'TIMESTAMP': {
      const values = aligned(data, BigInt64Array);
      return (at) => values[at] ?? 0n;
    }
    case 'DECIMAL': {
      const words = aligned(data, BigInt64Array);
      return (at) => wideAt(words, at);
    }
    default:
      return null;
  }
}

function numbersOf(values: Int16Array | Int32Array | Float64Array): (at: number) => number {
  return (at) => values[at] ?? 0;
}
