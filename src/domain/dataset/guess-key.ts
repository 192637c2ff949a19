import { type Json, JsonNumber, JsonObject } from '../record/json.ts';

/** What keys are called, the likeliest first. */
const NAMES: readonly RegExp[] = [
  /^_?id$/i,
  /^(uuid|guid|key|_key)$/i,
  /^(code|no|number|nr)$/i,
  /^.+[_-]?(id|uuid|guid|ID|Id)$/,
];
const MOST_VALUES = 200_000;

/** Finds the column that is called as keys are, and whose value is another in every row. */
export class KeyGuess {
  /** The values of each column that may still be the key. */
  readonly #values = new Map<string, Set<string>>();
  readonly #ruledOut = new Set<string>();
  #columns: readonly string[] = [];
  #rows = 0;

  get rows(): number {
    return this.#rows;
  }

  addHeader(columns: readonly string[]): void {
    this.#columns = columns;
  }

  addCells(cells: readonly (string | null)[]): void {
    this.#rows++;
    this.#columns.forEach((name, at) => {
      this.#add(name, cells[at] ?? null);
    });
  }

  addRow(row: Json): void {
    if (!(row instanceof JsonObject)) return;
    this.#rows++;
    for (const { name, value } of row.members) {
      this.#add(name, typeof value === 'string' ? value : value instanceof JsonNumber ? value.text : null);
    }
  }

  /** null where no column is a key, or several are as likely. */
  result(): string | null {
    const unique = [...this.#values].filter(([, values]) => values.size === this.#rows).map(([name]) => name);
    for (const pattern of NAMES) {
      const named = unique.filter((name) => pattern.test(name));
      if (named.length > 0) return named.length === 1 ? (named[0] ?? null) : null;
    }
    return null;
  }

  #add(name: string, value: string | null): void {
    if (this.#ruledOut.has(name)) return;
    const values = this.#values.get(name) ?? new Set();
    const isKeyLike = NAMES.some((pattern) => pattern.test(name)) && values.size < MOST_VALUES;
    if (value === null || value === '' || values.has(value) || !isKeyLike) {
      this.#ruledOut.add(name);
      this.#values.delete(name);
      return;
    }
    this.#values.set(name, values.add(value));
  }
}
