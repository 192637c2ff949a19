import { isUtf8 } from 'node:buffer';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** U+0000, and the byte that stands for "no separator" when the engine reads lines. */
const REFUSED_BYTES = [0x00, 0x01];

/** What the bytes of a block are like, so far as the engine's readers must be kept from them. */
export class TextScan {
  #utf8 = true;
  #refused = false;
  #carried: Uint8Array = new Uint8Array(0);
  #lineFeeds = 0;
  #returns = 0;
  #pairs = 0;
  #lastByte = LINE_FEED;

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#refused ||= REFUSED_BYTES.some((byte) => chunk.includes(byte));
    this.#checkUtf8(chunk);
    this.#countLineEnds(chunk);
    this.#lastByte = chunk[chunk.length - 1] ?? LINE_FEED;
  }

  /** Line ends, and one more where the last line has none. */
  get lines(): number {
    return this.#lineFeeds + (this.#lastByte === LINE_FEED ? 0 : 1);
  }

  get lastByte(): number {
    return this.#lastByte;
  }

  /** How every line ends; null where lines end this way and that. */
  get lineEnd(): '\n' | '\r\n' | null {
    if (this.#returns === 0) return '\n';
    const unended = this.#lastByte === LINE_FEED ? 0 : 1;
    return this.#pairs === this.#returns && this.#pairs >= this.lines - unended ? '\r\n' : null;
  }

  /** Whether it is UTF-8 without the bytes that no text has. */
  get isPlainText(): boolean {
    return this.#utf8 && !this.#refused && this.#carried.length === 0;
  }

  #countLineEnds(chunk: Uint8Array): void {
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, at + 1)) this.#lineFeeds++;
    for (let at = chunk.indexOf(CARRIAGE_RETURN); at >= 0; at = chunk.indexOf(CARRIAGE_RETURN, at + 1)) {
      this.#returns++;
      if (chunk[at + 1] === LINE_FEED) this.#pairs++;
    }
    if (chunk[0] === LINE_FEED && this.#lastByte === CARRIAGE_RETURN) this.#pairs++;
  }

  /** A character may be cut in two by the end of a chunk. */
  #checkUtf8(chunk: Uint8Array): void {
    let start = 0;
    if (this.#carried.length > 0) {
      const wanted = sequenceLength(this.#carried[0] ?? 0) - this.#carried.length;
      const whole = Buffer.concat([this.#carried, chunk.subarray(0, wanted)]);
      if (chunk.length < wanted) {
        this.#carried = whole;
        return;
      }
      this.#utf8 &&= isUtf8(whole);
      start = wanted;
    }
    const end = chunk.length - incompleteTail(chunk);
    this.#utf8 &&= isUtf8(chunk.subarray(start, Math.max(start, end)));
    this.#carried = chunk.slice(Math.max(start, end));
  }
}

function sequenceLength(lead: number): number {
  return lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
}

/** How many bytes at the end begin a character that is not whole. */
function incompleteTail(chunk: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, chunk.length); back++) {
    const byte = chunk[chunk.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    return sequenceLength(byte) > back ? back : 0;
  }
  return 0;
}
