import { DataForgeError } from '#domain/errors.ts';
import { decodeOrNull, withoutMark } from '../text/utf8.ts';

/** One line of a body; `number` counts every physical line from 1. `text` is null where it is not valid UTF-8. */
export interface Line {
  readonly number: number;
  readonly text: string | null;
}

const LINE_FEED = 0x0a;

/**
 * Cuts a body into lines while it arrives, a chunk's lines at a time. Lines of white space alone are counted and left
 * out; so is a byte order mark.
 * @throws DataForgeError `too_large` for a line of more than `maxLineBytes`
 */
export async function* splitLines(
  body: AsyncIterable<Uint8Array>,
  limits: { readonly maxLineBytes: number },
): AsyncGenerator<Line[]> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let carried: Uint8Array[] = [];
  let carriedBytes = 0;
  let number = 0;

  const carry = (bytes: Uint8Array) => {
    carriedBytes += bytes.length;
    if (carriedBytes > limits.maxLineBytes) {
      throw new DataForgeError('too_large', `Line ${number + 1} has more than ${limits.maxLineBytes} bytes.`);
    }
    if (bytes.length > 0) carried.push(bytes);
  };
  const take = (bytes: Uint8Array, lines: Line[]) => {
    carry(bytes);
    const whole = carried.length === 1 ? (carried[0] ?? bytes) : Buffer.concat(carried);
    carried = [];
    carriedBytes = 0;
    number++;
    const text = decodeOrNull(decoder, number === 1 ? withoutMark(whole) : whole);
    if (text === null || text.trim() !== '') lines.push({ number, text });
  };

  for await (const chunk of body) {
    const lines: Line[] = [];
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      take(chunk.subarray(start, end), lines);
      start = end + 1;
    }
    carry(chunk.slice(start));
    if (lines.length > 0) yield lines;
  }
  const last: Line[] = [];
  if (carriedBytes > 0) take(new Uint8Array(0), last);
  if (last.length > 0) yield last;
}
