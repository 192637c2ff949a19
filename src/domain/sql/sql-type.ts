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
  /** Fixed-width values, bytes of text and blobs, or the indices of an enum (int32); empty for nested types and nulls. */
  readonly data: Uint8Array;
  /** `length + 1` offsets for text, blobs, lists of any size and maps; null otherwise. */
  readonly offsets: Int32Array | null;
  readonly children: readonly SqlVector[];
}
