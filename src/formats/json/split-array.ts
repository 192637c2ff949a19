import { DataForgeError } from '#domain/errors.ts';

/** One item of a JSON array as it was sent; `number` counts items from 1. */
export interface ArrayItem {
  readonly number: number;
  readonly text: string;
}

const [OPEN_BRACKET, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE] = [0x5b, 0x5d, 0x7b, 0x7d];
const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];

type Place = 'before' | 'first' | 'item' | 'next' | 'behind';

/**
 * Cuts a JSON array into its items while it arrives, holding one item at a time. What is inside an item is for the
 * reader of the item to judge.
 * @throws DataForgeError `invalid_body` where the bytes are no JSON array of valid UTF-8, `too_large` for an item of
 * more than `maxItemBytes`
 */
export async function* splitJsonArray(
  body: AsyncIterable<Uint8Array>,
  limits: { readonly maxItemBytes: number },
): AsyncGenerator<ArrayItem[]> {
  const splitter = new ArraySplitter(limits.maxItemBytes);
  for await (const chunk of body) {
    const items = splitter.push(chunk);
    if (items.length > 0) yield items;
  }
  splitter.end();
}

class ArraySplitter {
  readonly #maxItemBytes: number;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  #place: Place = 'before';
  #depth = 0;
  #inString = false;
  #escaped = false;
  #number = 0;
  #carried: Uint8Array[] = [];
  #carriedBytes = 0;
  #offset = 0;

  constructor(maxItemBytes: number) {
    this.#maxItemBytes = maxItemBytes;
  }

  push(chunk: Uint8Array): ArrayItem[] {
    const items: ArrayItem[] = [];
    let start = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0;
      if (this.#place === 'item') {
        if (!this.#endsItem(byte)) continue;
        items.push({ number: ++this.#number, text: this.#take(chunk.subarray(start, at)) });
        this.#place = byte === COMMA ? 'next' : 'behind';
      } else if (this.#beginsItem(byte, this.#offset + at)) {
        start = at;
        this.#place = 'item';
        this.#endsItem(byte);
      }
    }
    if (this.#place === 'item') this.#carry(chunk.subarray(start));
    this.#offset += chunk.length;
    return items;
  }

  end(): void {
    if (this.#place === 'before') throw invalid('The body is empty; send a JSON array of rows.');
    if (this.#place !== 'behind') throw invalid('The JSON array has no end; the body was cut off or lacks its "]".');
  }

  /** Whether this byte is the `,` or `]` behind the item. */
  #endsItem(byte: number): boolean {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (byte === BACKSLASH) this.#escaped = true;
      else if (byte === QUOTE) this.#inString = false;
      return false;
    }
    if (byte === QUOTE) this.#inString = true;
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) this.#depth++;
    else if (this.#depth > 0) this.#depth -= byte === CLOSE_BRACE || byte === CLOSE_BRACKET ? 1 : 0;
    else return byte === COMMA || byte === CLOSE_BRACKET;
    return false;
  }

  #beginsItem(byte: number, offset: number): boolean {
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) return false;
    if (this.#place === 'before') {
      if (offset < 3 && byte === [0xef, 0xbb, 0xbf][offset]) return false;
      if (byte !== OPEN_BRACKET)
        throw invalid('The body must be a JSON array of rows, and begins with something else.');
      this.#place = 'first';
      return false;
    }
    if (this.#place === 'first' && byte === CLOSE_BRACKET) {
      this.#place = 'behind';
      return false;
    }
    if (this.#place === 'behind')
      throw invalid('There is text behind the JSON array; send one array and nothing else.');
    if (byte === COMMA || byte === CLOSE_BRACKET) {
      throw invalid(`The JSON array has no value where item ${this.#number + 1} should be.`);
    }
    return true;
  }

  #carry(bytes: Uint8Array): void {
    this.#carriedBytes += bytes.length;
    if (this.#carriedBytes > this.#maxItemBytes) {
      throw new DataForgeError(
        'too_large',
        `Item ${this.#number + 1} of the JSON array has more than ${this.#maxItemBytes} bytes.`,
      );
    }
    this.#carried.push(bytes.slice());
  }

  #take(bytes: Uint8Array): string {
    this.#carry(bytes);
    const whole = this.#carried.length === 1 ? bytes : Buffer.concat(this.#carried);
    this.#carried = [];
    this.#carriedBytes = 0;
    try {
      return this.#decoder.decode(whole);
    } catch (cause) {
      throw invalid(`Item ${this.#number + 1} of the JSON array is not valid UTF-8.`, cause);
    }
  }
}

function invalid(message: string, cause?: unknown): DataForgeError {
  return new DataForgeError('invalid_body', message, { cause });
}
