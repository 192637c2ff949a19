import type { DbType } from '#domain/dataset/db-type.ts';
import type { RecordBatch } from '#domain/record/batch.ts';

/** Takes in rows; the same rows in the same order give the same text, however they are cut into blocks. */
interface RowsChecksum {
  add(batch: RecordBatch): void;
  /** Hexadecimal. */
  digest(): string;
}

/** @param types of the columns of every block */
export type NewRowsChecksum = (types: readonly DbType[]) => RowsChecksum;
