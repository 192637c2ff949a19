import type { Dataset } from '#domain/dataset/dataset.ts';

/** Neighbouring locators that share one guess. */
const LOCATORS_A_BLOCK = 256;
const MAX_BLOCKS = 1 << 16;
/** After so many wrong guesses a block is no longer guessed: its rows do not lie in a row. */
const MAX_MISSES = 16;
/** The engine numbers the rows of an open transaction from here on; they are numbered anew by its commit. */
const FIRST_LOCAL_ROW = 2 ** 60;

interface Block {
  /** The locator of a row less its row number, the same for all rows that were stored one behind the other. */
  readonly distance: number;
  readonly misses: number;
}

/**
 * Guesses the row numbers of a dataset's records from their locators, by what earlier reads found. A guess spares the
 * scan of the locators, and whoever uses it compares the locator of the row that is there: rows move when the engine
 * rewrites a table.
 */
export class RowPlaces {
  readonly #blocks = new Map<number, Block>();

  /** @returns the row number, or null where nothing is known of the neighbourhood */
  guess(locator: number): number | null {
    const known = this.#blocks.get(blockOf(locator));
    if (known === undefined || known.misses > MAX_MISSES) return null;
    const row = locator - known.distance;
    return row < 0 ? null : row;
  }

  learn(locator: number, row: number): void {
    if (row >= FIRST_LOCAL_ROW) return;
    const block = blockOf(locator);
    const known = this.#blocks.get(block);
    const distance = locator - row;
    if (known?.distance === distance) return;
    if (known === undefined && this.#blocks.size >= MAX_BLOCKS) {
      const [oldest] = this.#blocks.keys();
      if (oldest !== undefined) this.#blocks.delete(oldest);
    }
    this.#blocks.set(block, { distance, misses: known === undefined ? 0 : known.misses + 1 });
  }
}

/** The places of all datasets; those of a dataset are forgotten with the description they were learnt under. */
export class DatasetRowPlaces {
  readonly #places = new WeakMap<Dataset, RowPlaces>();

  of(dataset: Dataset): RowPlaces {
    const known = this.#places.get(dataset);
    if (known !== undefined) return known;
    const places = new RowPlaces();
    this.#places.set(dataset, places);
    return places;
  }
}

function blockOf(locator: number): number {
  return Math.floor(locator / LOCATORS_A_BLOCK);
}
