import { createHash } from 'node:crypto';
import { DataForgeError } from '#domain/errors.ts';

/**
 * The highest value of an ascending column that was read, and the rows that had it: others with the same value may
 * come later, so the next reading begins at it once more.
 */
export interface Border {
  readonly value: string;
  /** Fingerprints of the rows at it, one for each. */
  readonly seen: readonly string[];
}

/** Rows with one value that a cursor can tell apart. */
const MOST_SEEN = 50_000;

/** Tells rows at the border that were read before, and moves the border. */
export class BorderKeeper {
  #border: Border | null;
  readonly #from: string | null;
  readonly #known = new Map<string, number>();

  constructor(from: Border | null) {
    this.#border = from;
    this.#from = from?.value ?? null;
    for (const row of from?.seen ?? []) this.#known.set(row, (this.#known.get(row) ?? 0) + 1);
  }

  get border(): Border | null {
    return this.#border;
  }

  /** Whether a row was read before; of several rows that are alike, as many as were read. */
  wasSeen(value: string, row: string | Uint8Array): boolean {
    if (value !== this.#from) return false;
    const print = fingerprint(row);
    const times = this.#known.get(print) ?? 0;
    if (times > 0) this.#known.set(print, times - 1);
    return times > 0;
  }

  /**
   * Moves the border to a value.
   * @param rows those just read that have it
   * @throws DataForgeError `source_failed` where more rows have it than can be remembered
   */
  advance(value: string, rows: readonly (string | Uint8Array)[]): void {
    const before = this.#border?.value === value ? this.#border.seen : [];
    if (before.length + rows.length > MOST_SEEN) {
      const message = `More than ${MOST_SEEN} rows have the value ${value} in the column that tells new rows; take a column whose values differ more.`;
      throw new DataForgeError('source_failed', message);
    }
    this.#border = { value, seen: [...before, ...rows.map(fingerprint)] };
  }
}

function fingerprint(row: string | Uint8Array): string {
  return createHash('sha256').update(row).digest('base64url').slice(0, 12);
}
