import type { SourceRows } from '../ports/source.ts';

/** The rows of a batch, which can be read again; they are kept in memory, as many as a batch has. */
export class KeptRows {
  readonly #rows: SourceRows;
  readonly #rest: AsyncIterator<Uint8Array>;
  readonly #chunks: Uint8Array[] = [];

  constructor(rows: SourceRows) {
    this.#rows = rows;
    this.#rest = rows.body[Symbol.asyncIterator]();
  }

  /** All of them, from the first; one reading at a time. */
  get rows(): SourceRows {
    return { format: this.#rows.format, body: this.#read() };
  }

  async *#read(): AsyncGenerator<Uint8Array> {
    yield* [...this.#chunks];
    for (let next = await this.#rest.next(); !next.done; next = await this.#rest.next()) {
      this.#chunks.push(next.value);
      yield next.value;
    }
  }
}
