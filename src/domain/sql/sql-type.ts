import type { DbType } from '../dataset/db-type.ts';

/** What a column of a query's result holds, said so that Arrow, JSON and the engines can each be told of it. */
export type SqlType =
  | { readonly kind: 'null' | 'boolean' | 'float' | 'double' | 'text' | 'json' | 'blob' | 'date' | 'time' | 'uuid' }
  | { readonly kind: 'interval' }
  | { readonly kind: 'integer'; readonly bits: 8 | 16 | 32 | 64; readonly signed: boolean }
  /** Integers past 64 bits are decimals of 38 digits and scale 0. */
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  /** `zoned` is a moment in UTC; without it the clock on some wall. */
  | { readonly kind: 'timestamp'; readonly unit: 's' | 'ms' | 'us' | 'ns'; readonly zoned: boolean }
  | { readonly kind: 'enum'; readonly values: readonly string[] }
  | { readonly kind: 'list'; readonly element: SqlType; readonly size: number | null }
  | { readonly kind: 'struct'; readonly fields: readonly { readonly name: string; readonly type: SqlType }[] }
  | { readonly kind: 'map'; readonly key: SqlType; readonly value: SqlType };

export interface SqlColumn {
  readonly name: string;
  readonly type: SqlType;
  /** The db_type of a dataset file where it is one of those, else the engine's own name of the type. */
  readonly typeName: string;
  readonly dbType: DbType | null;
}

/** What a column of a storage type holds. */
export function sqlTypeOf(type: DbType): SqlType {
  switch (type.name) {
    case 'VARCHAR':
      return { kind: 'text' };
    case 'BIGINT':
      return { kind: 'integer', bits: 64, signed: true };
    case 'INTEGER':
      return { kind: 'integer', bits: 32, signed: true };
    case 'SMALLINT':
      return { kind: 'integer', bits: 16, signed: true };
    case 'DECIMAL':
      return { kind: 'decimal', precision: type.precision, scale: type.scale };
    case 'TIMESTAMP':
      return { kind: 'timestamp', unit: 'us', zoned: true };
    case 'BOOLEAN':
      return { kind: 'boolean' };
    case 'DOUBLE':
      return { kind: 'double' };
    case 'DATE':
      return { kind: 'date' };
    case 'TIME':
      return { kind: 'time' };
    case 'UUID':
      return { kind: 'uuid' };
    case 'JSON':
      return { kind: 'json' };
  }
}

/** A value of a parameter, as JSON carries it; integers past 2^53 as bigint. */
export type SqlParameter = string | number | bigint | boolean | null;

/** By position from `$1` or `?`, or by name. */
export type SqlParameters = readonly SqlParameter[] | Readonly<Record<string, SqlParameter>>;

/** Rows of a result as columns in Arrow's layout; nested types have their parts as children. */
export interface SqlBatch {
  readonly length: number;
  readonly columns: readonly SqlVector[];
}

export interface SqlVector {
  readonly length: number;
  /** One bit a row, set where there is a value; null where every row has one. */
  readonly validity: Uint8Array | null;
  /**
   * Fixed-width values (booleans one bit, decimals, UUIDs and intervals 16 bytes), bytes of text and blobs, or the
   * indices of an enum (int32); empty for nested types and nulls.
   */
  readonly data: Uint8Array;
  /** `length + 1` offsets for text, blobs, lists of any size and maps; null otherwise. */
  readonly offsets: Int32Array | null;
  /** The elements of a list, the fields of a struct, one struct of keys and values of a map. */
  readonly children: readonly SqlVector[];
}

/** Bytes that a batch takes in memory. */
export function sizeOfBatch({ columns }: SqlBatch): number {
  return columns.reduce((sum, column) => sum + sizeOfVector(column), 0);
}

function sizeOfVector({ validity, data, offsets, children }: SqlVector): number {
  const own = data.byteLength + (validity?.byteLength ?? 0) + (offsets?.byteLength ?? 0);
  return children.reduce((sum, child) => sum + sizeOfVector(child), own);
}
