import { DataForgeError } from '#domain/errors.ts';

const [QUOTE, BACKSLASH, COLON, COMMA] = [0x22, 0x5c, 0x3a, 0x2c];
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d];

/**
 * Goes through a JSON text from token to token, without making anything of what it passes. Each method throws
 * DataForgeError `invalid_body` where the text ends before it should, or is something else.
 */
export class JsonScanner {
  readonly #json: Uint8Array;
  /** Where it stands. */
  at: number;

  constructor(json: Uint8Array, at = 0) {
    this.#json = json;
    this.at = at;
  }

  skipMark(): void {
    if (this.#json[0] === 0xef && this.#json[1] === 0xbb && this.#json[2] === 0xbf) this.at = 3;
  }

  /** Goes to the value of a member of the object that is next. @returns false where it is none, or has no such member */
  enter(name: string): boolean {
    if (this.next() !== OPEN_BRACE) return false;
    for (const key of this.members()) {
      if (key === name) return true;
      this.value();
    }
    return false;
  }

  /** The names of the object that is next; each value is to be passed before the next name is asked for. */
  *members(): Generator<string> {
    if (!this.skip(OPEN_BRACE)) throw broken();
    while (this.next() !== CLOSE_BRACE) {
      const key = parsedJson(this.string()) as string;
      if (!this.skip(COLON)) throw broken();
      this.next();
      yield key;
      if (this.next() === COMMA) this.at++;
    }
    this.at++;
  }

  /** Goes past a byte if it is the next one. */
  skip(byte: number): boolean {
    if (this.next() !== byte) return false;
    this.at++;
    return true;
  }

  /** Goes past the value that is next. @returns its bytes */
  value(): Uint8Array {
    this.next();
    const start = this.at;
    this.pass();
    return this.#json.subarray(start, this.at);
  }

  /** Goes past the value that is next. */
  pass(): void {
    const first = this.next();
    if (first === QUOTE) this.#pastString();
    else if (first === OPEN_BRACE || first === OPEN_BRACKET) this.#nested();
    else this.#plain();
  }

  /** The byte that is next behind white space. */
  next(): number {
    for (;;) {
      const byte = this.#json[this.at];
      if (byte === undefined) throw broken();
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte;
      this.at++;
    }
  }

  /** Goes past the text that is next. @returns its bytes with their quotes */
  string(): Uint8Array {
    this.next();
    const start = this.at;
    this.passString();
    return this.#json.subarray(start, this.at);
  }

  /** Goes past the text that is next. */
  passString(): void {
    if (this.next() !== QUOTE) throw broken();
    this.#pastString();
  }

  #pastString(): void {
    for (let at = this.at + 1; at < this.#json.length; at++) {
      const byte = this.#json[at];
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) {
        this.at = at + 1;
        return;
      }
    }
    throw broken();
  }

  /** Goes past an object or an array; one loop, since every byte of it passes here. */
  #nested(): void {
    for (let depth = 0; ; ) {
      const byte = this.#json[this.at];
      if (byte === undefined) throw broken();
      if (byte === QUOTE) {
        this.#pastString();
        continue;
      }
      this.at++;
      if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
      else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --depth === 0) return;
    }
  }

  #plain(): void {
    const start = this.at;
    for (let byte = this.#json[this.at]; byte !== undefined && isPlain(byte); byte = this.#json[this.at]) this.at++;
    if (this.at === start) throw broken();
  }
}

/** What is said of a text that is no JSON, or ends before it does. */
export function broken(): DataForgeError {
  return new DataForgeError('invalid_body', 'The answer is no whole JSON text.');
}

function isPlain(byte: number): boolean {
  return byte !== COMMA && byte !== CLOSE_BRACE && byte !== CLOSE_BRACKET && byte > 0x20;
}

/**
 * What a piece of a JSON text means.
 * @throws DataForgeError `invalid_body` where it is no JSON
 */
export function parsedJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
  } catch {
    throw broken();
  }
}
