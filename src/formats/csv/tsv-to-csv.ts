const [TAB, QUOTE, COMMA, LINE_FEED, CARRIAGE_RETURN] = [0x09, 0x22, 0x2c, 0x0a, 0x0d];

/**
 * Turns values between tabs into CSV while they arrive. A value in quotes is one as in CSV; in any other a comma or a
 * quote is a character like the rest.
 */
export async function* tsvToCsv(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const writer = new CsvWriter();
  for await (const chunk of body) yield writer.take(chunk);
  const rest = writer.finish();
  if (rest.length > 0) yield rest;
}

class CsvWriter {
  #cell: number[] = [];
  #inQuotes = false;

  take(chunk: Uint8Array): Uint8Array {
    const out: number[] = [];
    for (const byte of chunk) {
      if (byte === QUOTE && (this.#cell.length === 0 || this.#isQuoted)) this.#inQuotes = !this.#inQuotes;
      if ((byte === TAB || byte === LINE_FEED) && !this.#inQuotes) {
        this.#endCell(out);
        out.push(byte === TAB ? COMMA : LINE_FEED);
      } else this.#cell.push(byte);
    }
    return Uint8Array.from(out);
  }

  finish(): Uint8Array {
    const out: number[] = [];
    this.#endCell(out);
    return Uint8Array.from(out);
  }

  get #isQuoted(): boolean {
    return this.#cell[0] === QUOTE;
  }

  #endCell(out: number[]): void {
    const ended = this.#cell.at(-1) === CARRIAGE_RETURN ? this.#cell.pop() : undefined;
    const needsQuotes = !this.#isQuoted && this.#cell.some((byte) => byte === COMMA || byte === QUOTE);
    if (needsQuotes) out.push(QUOTE);
    for (const byte of this.#cell) {
      if (needsQuotes && byte === QUOTE) out.push(QUOTE);
      out.push(byte);
    }
    if (needsQuotes) out.push(QUOTE);
    if (ended !== undefined) out.push(ended);
    this.#cell = [];
  }
}
