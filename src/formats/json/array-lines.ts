import { DataForgeError } from '#domain/errors.ts';

const [OPEN_BRACKET, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE] = [0x5b, 0x5d, 0x7b, 0x7d];
const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [LINE_FEED, CARRIAGE_RETURN, BLANK] = [0x0a, 0x0d, 0x20];
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/** Where a reader of an array stands: before its bracket, before the first item, in an item, behind a comma, behind all. */
type Place = 'before' | 'first' | 'item' | 'next' | 'behind';

/**
 * Turns a JSON array into lines while it arrives, an item a line: the commas between items become line feeds, line
 * breaks between tokens become blanks, nothing else is touched. What is inside an item is for its reader to judge.
 * @throws DataForgeError `invalid_body` where the bytes are no array of something
 */
export async function* jsonArrayLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const scanner = new ArrayScanner();
  for await (const chunk of body) yield scanner.toLines(chunk);
  scanner.end();
}

/**
 * The same for a compact array of objects that is there whole, many times faster, by a guess: a line ends wherever one
 * object seems to end and the next to begin. Where the guess is wrong, inside of a text or of a nested array, a line
 * holds the beginning of an item, which is no JSON: if every line is, every cut was right.
 * @returns null where the bytes do not look like one
 */
export function guessArrayLines(json: Uint8Array): Uint8Array | null {
  const array = Buffer.from(json.buffer, json.byteOffset, json.byteLength);
  const isFramed = array[0] === OPEN_BRACKET && array[1] === OPEN_BRACE && array.at(-1) === CLOSE_BRACKET;
  if (!isFramed || array.includes(LINE_FEED) || array.includes(CARRIAGE_RETURN)) return null;
  const lines = Buffer.from(array.subarray(1));
  lines[lines.length - 1] = LINE_FEED;
  for (let at = lines.indexOf(BETWEEN_OBJECTS); at >= 0; at = lines.indexOf(BETWEEN_OBJECTS, at + 2)) {
    lines[at + 1] = LINE_FEED;
  }
  return lines;
}

const BETWEEN_OBJECTS = Buffer.from('},{');

class ArrayScanner {
  #place: Place = 'before';
  #depth = 0;
  #inString = false;
  #escaped = false;
  #items = 0;
  #offset = 0;

  /** A copy of the chunk with its separators turned into line ends, and nothing of what is behind the array. */
  toLines(chunk: Uint8Array): Uint8Array {
    const lines = Uint8Array.from(chunk);
    let at = 0;
    let end = 0;
    while (at < lines.length) {
      at = this.#place === 'item' ? this.#item(lines, at) : this.#between(lines, at);
      if (this.#place !== 'behind' || lines[at - 1] === LINE_FEED) end = at;
    }
    this.#offset += chunk.length;
    return lines.subarray(0, end);
  }

  end(): void {
    if (this.#place === 'before') throw invalid('The body is empty; send a JSON array of rows.');
    if (this.#place !== 'behind') throw invalid('The JSON array has no end; the body was cut off or lacks its "]".');
  }

  /** Goes through an item, or as much of it as there is; one loop without calls, since every byte passes here. */
  #item(lines: Uint8Array, start: number): number {
    let depth = this.#depth;
    let inString = this.#inString;
    let escaped = this.#escaped;
    let at = start;
    for (; at < lines.length; at++) {
      const byte = lines[at];
      if (inString) {
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) inString = false;
      } else if (byte === QUOTE) {
        inString = true;
      } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        depth++;
      } else if (depth > 0) {
        if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--;
        else if (byte === LINE_FEED || byte === CARRIAGE_RETURN) lines[at] = BLANK;
      } else if (byte === COMMA || byte === CLOSE_BRACKET) {
        lines[at] = LINE_FEED;
        this.#items++;
        this.#place = byte === COMMA ? 'next' : 'behind';
        at++;
        break;
      } else if (byte === LINE_FEED || byte === CARRIAGE_RETURN) {
        lines[at] = BLANK;
      }
    }
    this.#depth = depth;
    this.#inString = inString;
    this.#escaped = escaped;
    return at;
  }

  /** Takes one byte outside all items. */
  #between(lines: Uint8Array, at: number): number {
    const byte = lines[at] ?? BLANK;
    const offset = this.#offset + at;
    if (byte === LINE_FEED || byte === CARRIAGE_RETURN || byte === BLANK || byte === 0x09) {
      lines[at] = BLANK;
    } else if (this.#place === 'before') {
      if (offset >= 3 || byte !== BYTE_ORDER_MARK[offset]) this.#open(byte);
      lines[at] = BLANK;
    } else if (this.#place === 'behind') {
      throw invalid('There is text behind the JSON array; send one array and nothing else.');
    } else if (this.#place === 'first' && byte === CLOSE_BRACKET) {
      this.#place = 'behind';
      lines[at] = BLANK;
    } else if (byte === COMMA || byte === CLOSE_BRACKET) {
      throw invalid(`The JSON array has no value where item ${this.#items + 1} should be.`);
    } else {
      this.#place = 'item';
      return at;
    }
    return at + 1;
  }

  #open(byte: number): void {
    if (byte !== OPEN_BRACKET) throw invalid('The body must be a JSON array of rows, and begins with something else.');
    this.#place = 'first';
  }
}

function invalid(message: string): DataForgeError {
  return new DataForgeError('invalid_body', message);
}
