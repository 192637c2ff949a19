/**
 * JSON without loss: numbers keep the digits they were written with, objects keep every member in order, and a
 * member named twice is seen. `JSON.parse` does none of the three.
 */
export type Json = null | boolean | string | JsonNumber | JsonArray | JsonObject;

/** A number as it was written. */
export class JsonNumber {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export class JsonArray {
  readonly items: readonly Json[];
  constructor(items: readonly Json[]) {
    this.items = items;
  }
}

export class JsonObject {
  readonly members: readonly JsonMember[];
  constructor(members: readonly JsonMember[]) {
    this.members = members;
  }
  /** The first member of that name. */
  get(name: string): Json | undefined {
    for (const member of this.members) if (member.name === name) return member.value;
    return undefined;
  }
}

export interface JsonMember {
  readonly name: string;
  readonly value: Json;
}

/** Why a text is not JSON; `offset` counts UTF-16 units. */
export class JsonSyntaxError extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(`${message} at character ${offset + 1}`);
    this.offset = offset;
  }
}

export const MAX_JSON_DEPTH = 64;

/**
 * Parses one JSON text (RFC 8259). A leading byte order mark is skipped.
 * @throws JsonSyntaxError also where a string holds U+0000 or a lone surrogate, or arrays nest deeper than `MAX_JSON_DEPTH`
 */
export function parseJson(text: string): Json {
  const parser = new Parser(text);
  return parser.document();
}

/** Writes JSON without insignificant white space; numbers and member order as they came. */
export function writeJson(json: Json): string {
  if (json === null) return 'null';
  if (typeof json === 'string') return JSON.stringify(json);
  if (typeof json === 'boolean') return json ? 'true' : 'false';
  if (json instanceof JsonNumber) return json.text;
  if (json instanceof JsonArray) return `[${json.items.map(writeJson).join(',')}]`;
  return `{${json.members.map((member) => `${JSON.stringify(member.name)}:${writeJson(member.value)}`).join(',')}}`;
}

/** The same for a value made by a program: plain objects, arrays, strings, numbers, bigints, booleans, null. */
export function jsonFrom(value: unknown): Json {
  if (value === null || value === undefined) return null;
  if (value instanceof JsonNumber) return value;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' || typeof value === 'bigint') return new JsonNumber(String(value));
  if (Array.isArray(value)) return new JsonArray(value.map(jsonFrom));
  if (value instanceof Date) return value.toISOString();
  return new JsonObject(
    Object.entries(value as Record<string, unknown>).map(([name, item]) => ({ name, value: jsonFrom(item) })),
  );
}

/** A word for messages: what kind of JSON value this is. */
export function kindOfJson(json: Json): string {
  if (json === null) return 'null';
  if (typeof json === 'string') return 'a string';
  if (typeof json === 'boolean') return 'a boolean';
  if (json instanceof JsonNumber) return 'a number';
  return json instanceof JsonArray ? 'an array' : 'an object';
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
/** A run of a string with no escape, quote or control character. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids exactly these
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    if (text.charCodeAt(0) === 0xfeff) this.#at = 1;
  }

  document(): Json {
    const value = this.#value(0);
    this.#space();
    if (this.#at < this.#text.length) throw this.#error('unexpected text behind the JSON value');
    return value;
  }

  #value(depth: number): Json {
    this.#space();
    switch (this.#text.charCodeAt(this.#at)) {
      case 0x7b:
        return this.#object(depth);
      case 0x5b:
        return this.#array(depth);
      case 0x22:
        return this.#string();
      case 0x74:
        return this.#word('true', true);
      case 0x66:
        return this.#word('false', false);
      case 0x6e:
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #object(depth: number): JsonObject {
    this.#deeper(depth);
    const members: JsonMember[] = [];
    this.#at++;
    this.#space();
    if (this.#take(0x7d)) return new JsonObject(members);
    for (;;) {
      this.#space();
      if (this.#text.charCodeAt(this.#at) !== 0x22) throw this.#error('expected a member name in quotes');
      const name = this.#string();
      this.#space();
      if (!this.#take(0x3a)) throw this.#error('expected ":"');
      members.push({ name, value: this.#value(depth + 1) });
      this.#space();
      if (this.#take(0x7d)) return new JsonObject(members);
      if (!this.#take(0x2c)) throw this.#error('expected "," or "}"');
    }
  }

  #array(depth: number): JsonArray {
    this.#deeper(depth);
    const items: Json[] = [];
    this.#at++;
    this.#space();
    if (this.#take(0x5d)) return new JsonArray(items);
    for (;;) {
      items.push(this.#value(depth + 1));
      this.#space();
      if (this.#take(0x5d)) return new JsonArray(items);
      if (!this.#take(0x2c)) throw this.#error('expected "," or "]"');
    }
  }

  #string(): string {
    this.#at++;
    let result = '';
    for (;;) {
      PLAIN.lastIndex = this.#at;
      PLAIN.test(this.#text);
      result += this.#text.slice(this.#at, PLAIN.lastIndex);
      this.#at = PLAIN.lastIndex;
      const code = this.#text.charCodeAt(this.#at);
      if (code === 0x22) {
        this.#at++;
        if (!result.isWellFormed()) throw this.#error('a string holds a lone surrogate');
        return result;
      }
      if (code !== 0x5c)
        throw this.#error(Number.isNaN(code) ? 'a string has no end' : 'a control character in a string');
      result += this.#escape();
    }
  }

  #escape(): string {
    const letter = this.#text[this.#at + 1] ?? '';
    if (letter === 'u') {
      const hex = this.#text.slice(this.#at + 2, this.#at + 6);
      if (!/^[0-9a-fA-F]{4}$/.test(hex)) throw this.#error('an escape that JSON does not know');
      if (hex === '0000') throw this.#error('a string holds U+0000');
      this.#at += 6;
      return String.fromCharCode(Number.parseInt(hex, 16));
    }
    const character = ESCAPES[letter];
    if (character === undefined) throw this.#error('an escape that JSON does not know');
    this.#at += 2;
    return character;
  }

  #number(): JsonNumber {
    NUMBER.lastIndex = this.#at;
    if (!NUMBER.test(this.#text)) {
      throw this.#error(this.#at >= this.#text.length ? 'the text ends too early' : 'expected a JSON value');
    }
    const text = this.#text.slice(this.#at, NUMBER.lastIndex);
    this.#at = NUMBER.lastIndex;
    return new JsonNumber(text);
  }

  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw this.#error('expected a JSON value');
    this.#at += word.length;
    return value;
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at++;
    }
  }

  #take(code: number): boolean {
    if (this.#text.charCodeAt(this.#at) !== code) return false;
    this.#at++;
    return true;
  }

  #deeper(depth: number): void {
    if (depth >= MAX_JSON_DEPTH) throw this.#error(`arrays and objects nest deeper than ${MAX_JSON_DEPTH}`);
  }

  #error(message: string): JsonSyntaxError {
    return new JsonSyntaxError(message, this.#at);
  }
}
