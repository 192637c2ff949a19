import type { ParquetColumn } from './parquet-columns.ts';

/** Turns files of Parquet into Arrow streams and back, for engines that have no way of their own. */
export interface ParquetCodec {
  /**
   * Writes the rows as they are, each column in the type that the file has. `check` is asked before any is written; the
   * signal ends the work.
   * @throws DataForgeError `invalid_body` where the file cannot be read
   */
  toArrow(
    parquet: string,
    arrow: string,
    check: (columns: readonly ParquetColumn[]) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /** `columns` are those of the Arrow stream, their types as dataset files write them. */
  fromArrow(
    arrow: string,
    parquet: string,
    columns: readonly { readonly name: string; readonly dbType: string }[],
    signal: AbortSignal,
  ): Promise<void>;
}
