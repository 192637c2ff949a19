import type { Dataset } from '#domain/dataset/dataset.ts';
import type { DbType } from '#domain/dataset/db-type.ts';
import { parseJson } from '#domain/record/json.ts';
import type { RowValidator } from '#domain/record/validate-row.ts';
import type { Row, Value } from '#domain/record/value.ts';
import { Invalid, readTextValue } from '#domain/record/value-rules.ts';

/** The values of a row, or null where only the exact rule can tell what the text means. */
export type ReadQuickly = (text: string) => Row | null;

/** What stands for "not sure" among values; never leaves this file. */
const UNSURE = Symbol('unsure');

/**
 * Reads the plain case of a JSON object: members that are properties, each once, texts with no escape, numbers of few
 * digits, nothing nested, every rule kept. Of all else it is not sure. So what it tells is what the exact rule would tell,
 * many times as fast: it looks for the members in the order of the properties and makes no object of them.
 */
export function quickRowReader(validator: RowValidator): ReadQuickly {
  const reader = new PlainRowReader(validator.dataset);
  return (text) => {
    const row = reader.read(text);
    return row !== null && validator.check(row, '').length === 0 ? row : null;
  };
}

interface Member {
  /** Its name as it stands in the text. */
  readonly quoted: string;
  readonly index: number;
  readonly isDouble: boolean;
  readonly read: ReadValue;
}

/** The canonical value of a parsed one that is not null. */
type ReadValue = (given: string | number | boolean) => Value | typeof UNSURE;

/** What a step gives instead of the place behind what it read. */
const NOWHERE = -1;
/** A number of so many digits is exact in floating point. */
const EXACT_DIGITS = 15;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const NOT_ZERO = /[1-9]/;

const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;

class PlainRowReader {
  readonly #defaults: readonly Value[];
  readonly #members: readonly (Member | null)[];
  readonly #byName: ReadonlyMap<string, Member>;
  /** For each property the last row that named it. */
  readonly #namedIn: Float64Array;
  #rows = 0;
  #value: Value | typeof UNSURE = null;

  constructor({ properties }: Dataset) {
    this.#defaults = properties.map((property) => property.default);
    this.#members = properties.map(({ name, dbType }, index) => {
      const quoted = `"${name}"`;
      const isPlain = JSON.stringify(name) === quoted;
      return isPlain ? { quoted, index, isDouble: dbType.name === 'DOUBLE', read: readerOf(dbType) } : null;
    });
    this.#byName = new Map(this.#members.flatMap((member) => (member === null ? [] : [[member.quoted, member]])));
    this.#namedIn = new Float64Array(properties.length);
  }

  read(text: string): Row | null {
    const row = this.#defaults.slice();
    const number = ++this.#rows;
    let at = behindBlanks(text, 0);
    if (text.charCodeAt(at) !== OPEN) return null;
    at = behindBlanks(text, at + 1);
    let isMore = text.charCodeAt(at) !== CLOSE;
    if (!isMore) at++;
    for (let place = 0; isMore; place++) {
      const member = this.#memberAt(text, at, place);
      if (member === undefined || this.#namedIn[member.index] === number) return null;
      this.#namedIn[member.index] = number;
      at = behindBlanks(text, at + member.quoted.length);
      if (text.charCodeAt(at) !== COLON) return null;
      at = this.#readValue(text, behindBlanks(text, at + 1), member);
      if (at === NOWHERE || this.#value === UNSURE) return null;
      row[member.index] = this.#value as Value;
      at = behindBlanks(text, at);
      const code = text.charCodeAt(at++);
      if (code === COMMA) at = behindBlanks(text, at);
      else if (code === CLOSE) isMore = false;
      else return null;
    }
    return behindBlanks(text, at) === text.length ? row : null;
  }

  /** The member whose name stands here: most rows name all, in the order of the properties. */
  #memberAt(text: string, at: number, place: number): Member | undefined {
    const expected = this.#members[place];
    if (expected && standsAt(text, at, expected.quoted)) return expected;
    const end = text.charCodeAt(at) === QUOTE ? behindText(text, at) : NOWHERE;
    return end === NOWHERE ? undefined : this.#byName.get(text.slice(at, end));
  }

  /** Keeps the value that stands here. @returns the place behind it */
  #readValue(text: string, at: number, member: Member): number {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = behindText(text, at);
      if (end !== NOWHERE) this.#value = member.read(text.slice(at + 1, end - 1));
      return end;
    }
    if (code === MINUS || (code >= ZERO && code <= NINE)) return this.#readNumber(text, at, member);
    if (standsAt(text, at, 'null')) return this.#keep(null, at + 4);
    if (standsAt(text, at, 'true')) return this.#keep(member.read(true), at + 4);
    if (standsAt(text, at, 'false')) return this.#keep(member.read(false), at + 5);
    return NOWHERE;
  }

  #readNumber(text: string, start: number, member: Member): number {
    const isNegative = text.charCodeAt(start) === MINUS;
    const first = isNegative ? start + 1 : start;
    let at = first;
    let whole = 0;
    let code = text.charCodeAt(at);
    for (; code >= ZERO && code <= NINE; code = text.charCodeAt(++at)) whole = whole * 10 + (code - ZERO);
    const digits = at - first;
    const isPlain = digits === 1 || (digits <= EXACT_DIGITS && text.charCodeAt(first) !== ZERO);
    if (isPlain && !isOfNumber(code)) return this.#keep(member.read(isNegative ? -whole : whole), at);
    while (isOfNumber(text.charCodeAt(at))) at++;
    const written = text.slice(start, at);
    if (!NUMBER.test(written)) return NOWHERE;
    if (written.length > EXACT_DIGITS && !member.isDouble) return NOWHERE;
    const value = Number(written);
    // Zero may be a number too small to be told from it.
    return value === 0 && NOT_ZERO.test(written) ? NOWHERE : this.#keep(member.read(value), at);
  }

  #keep(value: Value | typeof UNSURE, at: number): number {
    this.#value = value;
    return at;
  }
}

function behindBlanks(text: string, start: number): number {
  let at = start;
  while (isBlank(text.charCodeAt(at))) at++;
  return at;
}

function isBlank(code: number): boolean {
  return code <= SPACE && (code === SPACE || code === 0x09 || code === 0x0a || code === 0x0d);
}

/** Whether a character that is no digit goes on with a number. */
function isOfNumber(code: number): boolean {
  return (
    (code >= ZERO && code <= NINE) || code === 0x2e || code === 0x65 || code === 0x45 || code === 0x2b || code === MINUS
  );
}

function standsAt(text: string, at: number, expected: string): boolean {
  for (let index = 0; index < expected.length; index++) {
    if (text.charCodeAt(at + index) !== expected.charCodeAt(index)) return false;
  }
  return true;
}

/** The place behind the text whose quote stands here; nowhere where it holds an escape or what has to be one. */
function behindText(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    if (code === BACKSLASH || code < SPACE) return NOWHERE;
  }
  return NOWHERE;
}

function readerOf(type: DbType): ReadValue {
  switch (type.name) {
    case 'VARCHAR':
      return (given) => (typeof given === 'string' ? given : UNSURE);
    case 'BOOLEAN':
      return (given) => (typeof given === 'boolean' ? given : UNSURE);
    case 'DOUBLE':
      return (given) => (typeof given === 'number' && Number.isFinite(given) ? given + 0 : UNSURE);
    case 'BIGINT':
      return (given) => (Number.isSafeInteger(given) ? BigInt(given as number) : UNSURE);
    case 'INTEGER':
      return integerReader(2 ** 31);
    case 'SMALLINT':
      return integerReader(2 ** 15);
    case 'DECIMAL':
      return decimalReader(type);
    case 'JSON':
      return () => UNSURE;
    default:
      return (given) => (typeof given === 'string' ? readText(type, given) : UNSURE);
  }
}

function integerReader(bound: number): ReadValue {
  return (given) => {
    const fits = Number.isInteger(given) && (given as number) >= -bound && (given as number) < bound;
    return fits ? (given as number) + 0 : UNSURE;
  };
}

/** Of so few digits a number is the decimal that was written. */
function decimalReader({ precision, scale }: DbType & { readonly name: 'DECIMAL' }): ReadValue {
  const bound = 10 ** Math.min(15 - scale, precision - scale);
  return (given) => {
    if (typeof given !== 'number' || !(given > -bound && given < bound)) return UNSURE;
    const text = (given + 0).toFixed(scale);
    return Number(text) === given ? text : UNSURE;
  };
}

function readText(type: DbType, text: string): Value | typeof UNSURE {
  const value = readTextValue(type, text, parseJson);
  return value instanceof Invalid ? UNSURE : value;
}
