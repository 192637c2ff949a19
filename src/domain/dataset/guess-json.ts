import { type Json, JsonArray, JsonObject } from '../record/json.ts';

/** Finds what columns of JSON hold: lists or objects. */
export class JsonShapes {
  readonly #shapes = new Map<string, 'array' | 'object'>();
  #columns: readonly string[] = [];

  get(column: string): 'array' | 'object' | null {
    return this.#shapes.get(column) ?? null;
  }

  addHeader(columns: readonly string[]): void {
    this.#columns = columns;
  }

  addCells(cells: readonly (string | null)[]): void {
    cells.forEach((cell, at) => {
      const first = cell?.trimStart()[0];
      if (first === '[' || first === '{') this.#see(this.#columns[at] ?? '', first === '[');
    });
  }

  addRow(row: Json): void {
    if (!(row instanceof JsonObject)) return;
    for (const { name, value } of row.members) {
      if (value instanceof JsonArray || value instanceof JsonObject) this.#see(name, value instanceof JsonArray);
    }
  }

  #see(column: string, isArray: boolean): void {
    if (!this.#shapes.has(column)) this.#shapes.set(column, isArray ? 'array' : 'object');
  }
}
