import type { Piece } from './cut-batches.ts';

const MOST_BYTES = 8 * 1024 * 1024;

/**
 * Reads on while what was read is stored, up to some bytes ahead, so that a store that is busy with a commit does not
 * keep the source waiting. What fails is told behind the pieces that came before it.
 */
export async function* readAhead(pieces: AsyncIterable<Piece>, batchBytes: number): AsyncGenerator<Piece> {
  const reader = new Reader(pieces, Math.min(MOST_BYTES, batchBytes));
  try {
    for (let piece = await reader.next(); piece !== null; piece = await reader.next()) yield piece;
  } finally {
    reader.close();
  }
}

class Reader {
  readonly #iterator: AsyncIterator<Piece>;
  readonly #most: number;
  readonly #queue: Piece[] = [];
  #bytes = 0;
  #end: { readonly failure: unknown } | 'reached' | null = null;
  #isClosed = false;
  #change = Promise.withResolvers<void>();

  constructor(pieces: AsyncIterable<Piece>, most: number) {
    this.#iterator = pieces[Symbol.asyncIterator]();
    this.#most = most;
    void this.#read();
  }

  /** The next piece; null at the end. */
  async next(): Promise<Piece | null> {
    for (;;) {
      const piece = this.#queue.shift();
      if (piece !== undefined) {
        this.#bytes -= sizeOf(piece);
        this.#tell();
        return piece;
      }
      if (this.#end === 'reached') return null;
      if (this.#end !== null) throw this.#end.failure;
      await this.#change.promise;
    }
  }

  /** Waits for no piece that is still on its way: whoever opened the source ends it by its signal. */
  close(): void {
    this.#isClosed = true;
    this.#tell();
    this.#iterator.return?.().catch(() => {});
  }

  async #read(): Promise<void> {
    try {
      while (!this.#isClosed) {
        if (this.#bytes >= this.#most) {
          await this.#change.promise;
          continue;
        }
        const { done, value } = await this.#iterator.next();
        if (done) break;
        this.#queue.push(value);
        this.#bytes += sizeOf(value);
        this.#tell();
      }
      this.#end = 'reached';
    } catch (failure) {
      this.#end = { failure };
    }
    this.#tell();
  }

  #tell(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }
}

function sizeOf(piece: Piece): number {
  return piece.kind === 'records' ? piece.bytes.length : 0;
}
