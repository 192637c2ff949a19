const [QUOTE, COMMA, LINE_FEED] = [0x22, 0x2c, 0x0a];

type Place = 'start' | 'plain' | 'quoted' | 'closed';

/** Finds where CSV records end in bytes that arrive in pieces, and on which physical line each begins. */
export class CsvScanner {
  /** The line that the record being read began on. */
  recordLine = 1;
  #line = 1;
  #place: Place = 'start';
  /** A byte order mark in front of the first cell is not yet the cell. */
  #markBytes = 0;

  beginRecord(): void {
    this.recordLine = this.#line;
  }

  /** @returns where the next line feed that ends a record is, at or behind `from`; -1 where the chunk has none */
  next(chunk: Uint8Array, from: number): number {
    let place = this.#place;
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at];
      if (byte === LINE_FEED) {
        this.#line++;
        if (place === 'quoted') continue;
        this.#place = 'start';
        return at;
      }
      if (place === 'quoted') {
        if (byte === QUOTE) place = 'closed';
      } else if (byte === QUOTE) {
        place = place === 'plain' ? 'plain' : 'quoted';
      } else if (byte === COMMA) {
        place = 'start';
      } else if (!this.#isMark(byte)) {
        place = 'plain';
      }
    }
    this.#place = place;
    return -1;
  }

  #isMark(byte: number | undefined): boolean {
    if (this.#markBytes < 0 || byte !== [0xef, 0xbb, 0xbf][this.#markBytes]) {
      this.#markBytes = -1;
      return false;
    }
    this.#markBytes++;
    return true;
  }
}
