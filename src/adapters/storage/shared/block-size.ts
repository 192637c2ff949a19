import { type RecordBatch, sizeOfColumns } from '#domain/record/batch.ts';

const FIRST_ROWS = 512;
const MOST_ROWS = 61_440;
/** What a block should have, in bytes; of rows of a megabyte each there are a few in one. */
const WANTED_BYTES = 16 * 1024 * 1024;
const MOST_GROWTH = 4;

/** How many rows the next block of a table may have, by what those before it took. */
export class BlockSize {
  rows = FIRST_ROWS;

  learn(block: RecordBatch): void {
    if (block.length === 0) return;
    const bytesOfRow = Math.max(1, sizeOfColumns(block.columns) / block.length);
    const fitting = Math.floor(WANTED_BYTES / bytesOfRow);
    this.rows = Math.max(1, Math.min(fitting, this.rows * MOST_GROWTH, MOST_ROWS));
  }
}
