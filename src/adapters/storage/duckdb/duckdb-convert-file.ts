export type ConvertFormat = 'csv' | 'ndjson' | 'json' | 'parquet' | 'arrow';

/** A file of rows, by its format and what compresses it. */
export interface ConvertFile {
  readonly path: string;
  readonly format: ConvertFormat;
  readonly coding: 'gzip' | 'zstd' | null;
}

/** A column, its type in the notation of dataset files. */
export interface ConvertColumn {
  readonly name: string;
  readonly dbType: string;
}
