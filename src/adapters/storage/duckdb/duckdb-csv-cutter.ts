import { createReadStream } from 'node:fs';
import type { BlockCutter } from './duckdb-blocks.ts';

const [LINE_FEED, CARRIAGE_RETURN, QUOTE] = [0x0a, 0x0d, 0x22];
export const COMMA = 0x2c;

/**
 * CSV may be cut behind a line feed that stands outside quotes. A quote opens a cell only where the cell begins, as the
 * exact reader has it. On the way the cutter notes what the engine's own reader would take otherwise than that reader.
 */
export class CsvCutter implements BlockCutter {
  /** Whether a quote was seen inside a cell without quotes, or text behind a closing quote. */
  hasStrayQuotes = false;
  /** Whether a line was seen that ends with a comma: the engine passes over a last cell too many where it is empty. */
  hasCommaBeforeLineEnd = false;
  #quoted = false;
  #offset = 0;
  /** Where the last quoted cell was closed. */
  #closedAt = -2;
  #before: number[] = [];

  cut(chunk: Uint8Array): number {
    let plainFrom = 0;
    let end = 0;
    for (let quote = chunk.indexOf(QUOTE); ; quote = chunk.indexOf(QUOTE, plainFrom)) {
      const plainTo = quote < 0 ? chunk.length : quote;
      if (!this.#quoted && plainTo > plainFrom) {
        const feed = chunk.subarray(plainFrom, plainTo).lastIndexOf(LINE_FEED);
        if (feed >= 0) end = plainFrom + feed + 1;
        this.#checkBehindClosing(chunk, plainFrom);
      }
      if (quote < 0) break;
      this.#meetQuote(chunk, quote);
      plainFrom = quote + 1;
    }
    this.hasCommaBeforeLineEnd ||= this.#endsLineWithComma(chunk);
    this.#before = [...this.#before, ...chunk.subarray(-3)].slice(-3);
    this.#offset += chunk.length;
    return end;
  }

  #meetQuote(chunk: Uint8Array, at: number): void {
    const place = this.#offset + at;
    if (this.#quoted) {
      this.#quoted = false;
      this.#closedAt = place;
    } else if (this.#closedAt === place - 1 || this.#beginsCell(chunk, at)) {
      this.#quoted = true;
    } else {
      this.hasStrayQuotes = true;
    }
  }

  #beginsCell(chunk: Uint8Array, at: number): boolean {
    const place = this.#offset + at;
    const before = this.#byteAt(chunk, at - 1);
    if (place === 0 || before === COMMA || before === LINE_FEED) return true;
    return place === 3 && [0xef, 0xbb, 0xbf].every((byte, index) => this.#byteAt(chunk, at - 3 + index) === byte);
  }

  /** Behind a closing quote only the end of the cell may come. */
  #checkBehindClosing(chunk: Uint8Array, at: number): void {
    if (this.#offset + at !== this.#closedAt + 1) return;
    const byte = chunk[at];
    this.hasStrayQuotes ||= byte !== COMMA && byte !== LINE_FEED && byte !== CARRIAGE_RETURN;
  }

  /** A byte of this chunk or, where `at` is negative, of those before. */
  #byteAt(chunk: Uint8Array, at: number): number | undefined {
    return at >= 0 ? chunk[at] : this.#before.at(at);
  }

  #endsLineWithComma(chunk: Uint8Array): boolean {
    const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (text.includes(',\n') || text.includes(',\r')) return true;
    const last = this.#before.at(-1);
    return last === COMMA && (chunk[0] === LINE_FEED || chunk[0] === CARRIAGE_RETURN);
  }
}

/** Whether every record of a block has just so many cells; its quotes stand where they belong. */
export async function haveCells(file: string, records: number, cells: number): Promise<boolean> {
  let commas = 0;
  let quoted = false;
  for await (const chunk of createReadStream(file, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Uint8Array>) {
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at];
      if (byte === QUOTE) quoted = !quoted;
      else if (byte === COMMA && !quoted) commas++;
    }
  }
  return commas === records * (cells - 1);
}
