import type { DbType } from '../dataset/db-type.ts';

/**
 * A block of rows as columns, laid out in memory as Arrow lays them out
 * (https://arrow.apache.org/docs/format/Columnar.html), so that a codec can send the buffers as they are.
 */
export interface RecordBatch {
  readonly length: number;
  readonly columns: readonly ColumnVector[];
}

export interface ColumnSchema {
  readonly name: string;
  readonly dbType: DbType;
  readonly nullable: boolean;
}

export interface ColumnVector {
  /** One bit a row, set where there is a value; null where every row has one. */
  readonly validity: Uint8Array | null;
  /** Fixed-width values, or the bytes of all strings one behind the other; BOOLEAN is one bit a row. */
  readonly data: Uint8Array;
  /** For VARCHAR and JSON: `length + 1` offsets into `data`. */
  readonly offsets: Int32Array | null;
}

/** Bytes that columns take in memory. */
export function sizeOfColumns(columns: readonly ColumnVector[]): number {
  return columns.reduce((sum, { validity, data, offsets }) => {
    return sum + data.byteLength + (validity?.byteLength ?? 0) + (offsets?.byteLength ?? 0);
  }, 0);
}
