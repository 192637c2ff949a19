import { type Json, JsonArray, JsonNumber, JsonObject } from '../record/json.ts';
import { Invalid, readTextValue } from '../record/value-rules.ts';
import type { DbTypeName, PropertyType } from './db-type.ts';

type PlainType = Exclude<DbTypeName, 'DECIMAL'>;

export interface GuessedType {
  readonly type: PropertyType;
  readonly dbType: PlainType;
}

const INTEGER_TEXT = /^-?(?:0|[1-9][0-9]*)$/;
const NUMBER_TEXT = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;

/** The types that text may turn out to be, the narrowest first; what none of them takes is VARCHAR. */
const FROM_TEXT: readonly GuessedType[] = [
  { type: 'boolean', dbType: 'BOOLEAN' },
  { type: 'integer', dbType: 'BIGINT' },
  { type: 'number', dbType: 'DOUBLE' },
  { type: 'string', dbType: 'DATE' },
  { type: 'string', dbType: 'TIME' },
  { type: 'string', dbType: 'TIMESTAMP' },
  { type: 'string', dbType: 'UUID' },
];
const MAX_JUDGED = 10_000;
const TEXT: GuessedType = { type: 'string', dbType: 'VARCHAR' };

/** Finds the narrowest type that takes every value of a column. Nulls say nothing; no value at all is VARCHAR. */
export class TypeGuess {
  #candidates = FROM_TEXT;
  /** Some texts that were judged already: columns repeat themselves. */
  readonly #judged = new Set<string>();
  #kinds = new Set<'text' | 'boolean' | 'integer' | 'number' | 'array' | 'object'>();

  /** A cell of CSV. */
  addText(text: string): void {
    this.#kinds.add('text');
    if (this.#candidates.length === 0 || this.#judged.has(text)) return;
    this.#narrow(({ dbType }) => textFits(dbType, text));
    if (this.#judged.size >= MAX_JUDGED) this.#judged.clear();
    this.#judged.add(text);
  }

  addJson(json: Json): void {
    if (json === null) return;
    if (typeof json === 'string') {
      this.#kinds.add('text');
      // A string of digits is a text in JSON.
      this.#narrow(({ type, dbType }) => type === 'string' && textFits(dbType, json));
    } else if (typeof json === 'boolean') this.#kinds.add('boolean');
    else if (json instanceof JsonNumber) this.#kinds.add(textFits('BIGINT', json.text) ? 'integer' : 'number');
    else this.#kinds.add(json instanceof JsonArray ? 'array' : 'object');
  }

  #narrow(fits: (candidate: GuessedType) => boolean): void {
    if (!this.#candidates.every(fits)) this.#candidates = this.#candidates.filter(fits);
  }

  result(): GuessedType {
    const kinds = this.#kinds;
    if (kinds.has('text') || kinds.size === 0) return (kinds.size === 1 ? this.#candidates[0] : undefined) ?? TEXT;
    if (only(kinds, 'boolean')) return { type: 'boolean', dbType: 'BOOLEAN' };
    if (only(kinds, 'integer')) return { type: 'integer', dbType: 'BIGINT' };
    if (only(kinds, 'integer', 'number')) return { type: 'number', dbType: 'DOUBLE' };
    if (only(kinds, 'array')) return { type: 'array', dbType: 'JSON' };
    return only(kinds, 'array', 'object') ? { type: 'object', dbType: 'JSON' } : TEXT;
  }
}

function only<T>(kinds: ReadonlySet<T>, ...allowed: readonly T[]): boolean {
  return [...kinds].every((kind) => allowed.includes(kind));
}

/** Stricter than reading: `007` and `1.0` are no integers, and a number that a DOUBLE would round is none. */
function textFits(dbType: PlainType, text: string): boolean {
  if (dbType === 'BIGINT' && !INTEGER_TEXT.test(text)) return false;
  if (dbType === 'DOUBLE' && (!NUMBER_TEXT.test(text) || significantDigits(text) > 17)) return false;
  return !(readTextValue({ name: dbType }, text, () => null) instanceof Invalid);
}

function significantDigits(text: string): number {
  const digits = text
    .replace(/[eE].*$/, '')
    .replace(/[-.]/g, '')
    .replace(/^0+/, '');
  return digits.replace(/0+$/, '').length;
}

/** Guesses for the columns of a file, in the order in which they first appear. */
export class ColumnGuesses {
  readonly #guesses = new Map<string, TypeGuess>();
  /** Of the columns of CSV, in their order. */
  #columns: readonly TypeGuess[] = [];

  column(name: string): TypeGuess {
    const known = this.#guesses.get(name);
    if (known) return known;
    const guess = new TypeGuess();
    this.#guesses.set(name, guess);
    return guess;
  }

  addHeader(names: readonly string[]): void {
    this.#columns = names.map((name) => this.column(name));
  }

  /** The cells of a record of CSV. */
  addCells(cells: readonly (string | null)[]): void {
    cells.forEach((cell, at) => {
      if (cell !== null) this.#columns[at]?.addText(cell);
    });
  }

  addRow(row: Json): void {
    if (!(row instanceof JsonObject)) return;
    for (const { name, value } of row.members) this.column(name).addJson(value);
  }

  results(): readonly (GuessedType & { readonly name: string })[] {
    return [...this.#guesses].map(([name, guess]) => ({ name, ...guess.result() }));
  }
}
