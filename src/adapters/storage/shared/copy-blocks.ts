import { type RecordBatch, sizeOfColumns } from '#domain/record/batch.ts';

const FIRST_ROWS = 512;
const MOST_ROWS = 61_440;
/** What a block of a copy should have, in bytes; of rows of a megabyte each there are a few in one. */
const WANTED_BYTES = 16 * 1024 * 1024;
/** More than this is not read at once. */
const MOST_BYTES = 4 * WANTED_BYTES;
const MOST_GROWTH = 4;
/** How many marks are read at once; an answer that is kept for its key may have half a megabyte. */
export const MARKS_OF_A_BLOCK = 200;

/** How many rows the next block may have, for engines that are asked for a number of them. */
export class BlockSize {
  rows = FIRST_ROWS;

  /** Whether so many rows with so many bytes of text are too much; then fewer are to be asked for. */
  isTooLarge(bytes: number): boolean {
    if (bytes <= MOST_BYTES || this.rows === 1) return false;
    this.rows = Math.max(1, Math.floor(this.rows / MOST_GROWTH));
    return true;
  }

  learn(block: RecordBatch): void {
    if (block.length === 0) return;
    const bytesOfRow = Math.max(1, sizeOfColumns(block.columns) / block.length);
    const fitting = Math.floor(WANTED_BYTES / bytesOfRow);
    this.rows = Math.max(1, Math.min(fitting, this.rows * MOST_GROWTH, MOST_ROWS));
  }
}

/** Gathers rows to blocks, for engines that give them one by one. */
export class BlockGatherer<R extends readonly unknown[]> {
  #rows: R[] = [];
  #bytes = 0;

  /** @returns the block that is full with this row; null where there is room for more */
  add(row: R): readonly R[] | null {
    this.#rows.push(row);
    for (const value of row) this.#bytes += typeof value === 'string' ? value.length : 8;
    return this.#rows.length >= MOST_ROWS || this.#bytes >= WANTED_BYTES ? this.take() : null;
  }

  /** The rows so far, as the last block. */
  take(): readonly R[] {
    const rows = this.#rows;
    this.#rows = [];
    this.#bytes = 0;
    return rows;
  }
}
