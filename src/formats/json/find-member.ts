import { DataForgeError } from '#domain/errors.ts';

const [QUOTE, BACKSLASH, COLON, COMMA] = [0x22, 0x5c, 0x3a, 0x2c];
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d];

/**
 * Finds a member of a JSON text by the names that lead to it, without making anything of what it passes; no names lead
 * to the text itself.
 * @returns the bytes of its value, null where there is no such member
 * @throws DataForgeError `invalid_body` where the text ends before the value does
 */
export function findMember(json: Uint8Array, path: readonly string[]): Uint8Array | null {
  const scanner = new Scanner(json);
  scanner.skipMark();
  for (const name of path) if (!scanner.enter(name)) return null;
  return scanner.value();
}

class Scanner {
  readonly #json: Uint8Array;
  #at = 0;

  constructor(json: Uint8Array) {
    this.#json = json;
  }

  skipMark(): void {
    if (this.#json[0] === 0xef && this.#json[1] === 0xbb && this.#json[2] === 0xbf) this.#at = 3;
  }

  /** Goes to the value of a member of the object that is next. @returns false where it is none, or has no such member */
  enter(name: string): boolean {
    if (this.#next() !== OPEN_BRACE) return false;
    this.#at++;
    while (this.#next() !== CLOSE_BRACE) {
      const key = JSON.parse(textOf(this.#string())) as string;
      if (this.#next() !== COLON) throw broken();
      this.#at++;
      if (key === name) {
        this.#next();
        return true;
      }
      this.value();
      if (this.#next() === COMMA) this.#at++;
    }
    return false;
  }

  /** Goes past the value that is next. @returns its bytes */
  value(): Uint8Array {
    const first = this.#next();
    const start = this.#at;
    if (first === QUOTE) return this.#string();
    if (first === OPEN_BRACE || first === OPEN_BRACKET) this.#nested();
    else this.#plain();
    return this.#json.subarray(start, this.#at);
  }

  /** The byte that is next behind white space. */
  #next(): number {
    for (;;) {
      const byte = this.#json[this.#at];
      if (byte === undefined) throw broken();
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte;
      this.#at++;
    }
  }

  #string(): Uint8Array {
    if (this.#next() !== QUOTE) throw broken();
    const start = this.#at;
    this.#pastString();
    return this.#json.subarray(start, this.#at);
  }

  #pastString(): void {
    for (let from = this.#at + 1; ; ) {
      const end = this.#json.indexOf(QUOTE, from);
      if (end < 0) throw broken();
      let slashes = 0;
      while (this.#json[end - 1 - slashes] === BACKSLASH) slashes++;
      from = end + 1;
      if (slashes % 2 === 1) continue;
      this.#at = from;
      return;
    }
  }

  /** Goes past an object or an array; one loop, since every byte of it passes here. */
  #nested(): void {
    for (let depth = 0; ; ) {
      const byte = this.#json[this.#at];
      if (byte === undefined) throw broken();
      if (byte === QUOTE) {
        this.#pastString();
        continue;
      }
      this.#at++;
      if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
      else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --depth === 0) return;
    }
  }

  #plain(): void {
    const start = this.#at;
    for (let byte = this.#json[this.#at]; byte !== undefined && isPlain(byte); byte = this.#json[this.#at]) this.#at++;
    if (this.#at === start) throw broken();
  }
}

function isPlain(byte: number): boolean {
  return byte !== COMMA && byte !== CLOSE_BRACE && byte !== CLOSE_BRACKET && byte > 0x20;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
}

function broken(): DataForgeError {
  return new DataForgeError('invalid_body', 'The answer is no whole JSON text.');
}
