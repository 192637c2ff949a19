import { isUtf8 } from 'node:buffer';
import { DataForgeError } from '#domain/errors.ts';
import { withoutMark } from '../text/utf8.ts';

/** One line of a body; `number` counts every physical line from 1. `text` is null where it is not valid UTF-8. */
export interface Line {
  readonly number: number;
  readonly text: string | null;
}

const LINE_FEED = 0x0a;
const BRACE = 0x7b;

/**
 * Cuts a body into lines while it arrives, a chunk's lines at a time. Lines of white space alone are counted and left
 * out; so is a byte order mark.
 * @throws DataForgeError `too_large` for a line of more than `maxLineBytes`
 */
export async function* splitLines(
  body: AsyncIterable<Uint8Array>,
  limits: { readonly maxLineBytes: number },
): AsyncGenerator<Line[]> {
  const cutter = new LineCutter(limits.maxLineBytes);
  for await (const chunk of body) {
    const lines = cutter.take(chunk);
    if (lines.length > 0) yield lines;
  }
  const last = cutter.finish();
  if (last.length > 0) yield last;
}

/** Keeps what is left of a chunk behind its last whole line. */
class LineCutter {
  readonly #maxLineBytes: number;
  #carried: Uint8Array[] = [];
  #carriedBytes = 0;
  #number = 0;

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  take(chunk: Uint8Array): Line[] {
    const first = chunk.indexOf(LINE_FEED);
    if (first < 0) {
      this.#carry(chunk.slice());
      return [];
    }
    this.#refuseTooLong(this.#carriedBytes + first);
    const last = chunk.lastIndexOf(LINE_FEED);
    const lines = this.#cut(this.#withCarried(chunk.subarray(0, last)));
    this.#carry(chunk.slice(last + 1));
    return lines;
  }

  finish(): Line[] {
    return this.#carriedBytes === 0 ? [] : this.#cut(this.#withCarried(new Uint8Array(0)));
  }

  #cut(bytes: Uint8Array): Line[] {
    const marked = this.#number === 0 ? withoutMark(bytes) : bytes;
    const buffer = Buffer.from(marked.buffer, marked.byteOffset, marked.byteLength);
    // Of bytes that are text as a whole every line is, and each can be had without a look at it.
    const isSound = isUtf8(buffer);
    const lines: Line[] = [];
    for (let start = 0; start <= buffer.length; ) {
      const feed = buffer.indexOf(LINE_FEED, start);
      const end = feed < 0 ? buffer.length : feed;
      this.#refuseTooLong(end - start);
      this.#number++;
      const isText = isSound || isUtf8(buffer.subarray(start, end));
      const text = isText ? buffer.toString('utf8', start, end) : null;
      if (text === null || !isBlank(text)) lines.push({ number: this.#number, text });
      start = end + 1;
    }
    return lines;
  }

  #carry(bytes: Uint8Array): void {
    this.#carriedBytes += bytes.length;
    this.#refuseTooLong(this.#carriedBytes);
    if (bytes.length > 0) this.#carried.push(bytes);
  }

  #withCarried(bytes: Uint8Array): Uint8Array {
    const whole = this.#carriedBytes === 0 ? bytes : Buffer.concat([...this.#carried, bytes]);
    this.#carried = [];
    this.#carriedBytes = 0;
    return whole;
  }

  #refuseTooLong(lineBytes: number): void {
    if (lineBytes <= this.#maxLineBytes) return;
    throw new DataForgeError('too_large', `Line ${this.#number + 1} has more than ${this.#maxLineBytes} bytes.`);
  }
}

function isBlank(line: string): boolean {
  return line.charCodeAt(0) !== BRACE && line.trim() === '';
}
