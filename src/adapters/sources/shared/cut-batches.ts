import type { SourceBatch, SourceOpening, SourceRows } from '#application/ports/source.ts';
import type { Cursor } from '#domain/pipeline/cursor.ts';

/** Some whole records, as far as they have come, and the cursor behind them. */
export type Piece =
  | {
      readonly kind: 'records';
      readonly format: 'ndjson' | 'csv' | 'arrow';
      /** What a body of such records begins with; of CSV its first line, of Arrow the schema. */
      readonly header: Uint8Array | null;
      readonly bytes: Uint8Array;
      readonly cursor: Cursor;
      readonly part?: number | null;
    }
  /** The batch ends here, however small: what came before is to be stored whatever happens next. */
  | { readonly kind: 'cut' }
  /** A body that cannot be cut. */
  | { readonly kind: 'whole'; readonly rows: SourceRows; readonly cursor: Cursor; readonly part?: number | null };

const LONGEST_TIMER = 2 ** 31 - 1;
const NOTHING = new Uint8Array(0);

/** A piece without rows, which only moves the cursor. */
export function moved(cursor: Cursor): Piece {
  return { kind: 'records', format: 'ndjson', header: null, bytes: NOTHING, cursor };
}

/** Milliseconds for what needs nothing from elsewhere. */
const AT_ONCE = 20;

type Records = Piece & { readonly kind: 'records' };

/**
 * Makes batches of pieces: of as many bytes as a batch is to have, and no longer in the making than it may be. The
 * piece behind a batch is already on its way while the batch is stored.
 * @param failing what becomes of a batch when the piece behind it fails: it fails too, since its last pieces may be
 * known to be wrong only then, or it is stored first
 */
export async function* cutBatches(
  pieces: AsyncIterable<Piece>,
  { batch, clock }: Pick<SourceOpening, 'batch' | 'clock'>,
  failing: 'fails' | 'is stored' = 'fails',
): AsyncGenerator<SourceBatch> {
  const reader = new Ahead(pieces, failing === 'is stored');
  try {
    for (let first = await reader.next(); first !== null; first = await reader.next()) {
      if (first.kind === 'cut') continue;
      if (first.kind === 'whole') {
        const { rows, cursor, part } = first;
        yield { rows, cursor: () => cursor, part: () => part ?? null };
        continue;
      }
      const open = new OpenBatch(first, batch.bytes, clock.elapsed() + batch.time, () => clock.elapsed());
      yield { rows: await open.rows(reader), cursor: () => open.last.cursor, part: () => open.last.part ?? null };
    }
  } finally {
    await reader.close();
  }
}

/** A batch while its rows are handed on. */
class OpenBatch {
  /** The last piece that is in it. */
  last: Records;
  readonly #bytes: number;
  readonly #until: number;
  readonly #now: () => number;

  constructor(first: Records, bytes: number, until: number, now: () => number) {
    this.last = first;
    this.#bytes = bytes;
    this.#until = until;
    this.#now = now;
  }

  /** Passes over pieces without rows, which only move the cursor. @returns null where no other follows */
  async rows(reader: Ahead): Promise<SourceRows | null> {
    while (this.last.bytes.length === 0) {
      const next = await this.#follower(reader, () => true);
      if (next === null) return null;
      this.last = next;
    }
    return { format: this.last.format, body: this.#body(reader, this.last) };
  }

  async *#body(reader: Ahead, lead: Records): AsyncGenerator<Uint8Array> {
    if (lead.header !== null) yield lead.header;
    yield lead.bytes;
    for (let size = lead.bytes.length; size < this.#bytes; size += this.last.bytes.length) {
      const next = await this.#follower(reader, (piece) => piece.bytes.length === 0 || areAlike(piece, lead));
      if (next === null) return;
      this.last = next;
      if (next.bytes.length > 0) yield next.bytes;
    }
    // What only moves the cursor comes at once, and spares the next batch to look at these rows again.
    this.last = (await this.#follower(reader, (piece) => piece.bytes.length === 0, AT_ONCE)) ?? this.last;
  }

  /** The next piece, if it comes in time and belongs to the batch. */
  async #follower(
    reader: Ahead,
    belongs: (piece: Records) => boolean,
    wait = this.#until - this.#now(),
  ): Promise<Records | null> {
    const next = await reader.peek(wait);
    if (next?.kind !== 'records' || !belongs(next)) return null;
    await reader.next();
    return next;
  }
}

/** Whether the records of two pieces may stand in one body. */
function areAlike(a: Records, b: Records): boolean {
  return a.format === b.format && Buffer.compare(a.header ?? NOTHING, b.header ?? NOTHING) === 0;
}

/** Reads a piece ahead. */
class Ahead {
  readonly #iterator: AsyncIterator<Piece>;
  /** A failure is told when the piece is taken, and not when it is looked at. */
  readonly #isLate: boolean;
  #coming: Promise<IteratorResult<Piece>> | null = null;

  constructor(pieces: AsyncIterable<Piece>, isLate: boolean) {
    this.#iterator = pieces[Symbol.asyncIterator]();
    this.#isLate = isLate;
  }

  /** The next piece, taken; null at the end. */
  async next(): Promise<Piece | null> {
    const { done, value } = await this.#come();
    if (done) return null;
    this.#coming = null;
    return value;
  }

  /** The next piece, not taken; null at the end, or where it does not come within so many milliseconds. */
  async peek(milliseconds: number): Promise<Piece | null> {
    const late = Promise.withResolvers<null>();
    const timer = setTimeout(() => late.resolve(null), Math.min(Math.max(0, milliseconds), LONGEST_TIMER));
    try {
      const coming = this.#isLate ? this.#come().catch(() => null) : this.#come();
      const result = await Promise.race([coming, late.promise]);
      return result === null || result.done ? null : result.value;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Waits for no piece that is still on its way: whoever opened the source ends it by its signal. */
  async close(): Promise<void> {
    const closing = this.#iterator.return?.();
    if (this.#coming === null) await closing;
    else closing?.catch(() => {});
  }

  #come(): Promise<IteratorResult<Piece>> {
    if (this.#coming === null) {
      this.#coming = this.#iterator.next();
      // Whoever asks next is told; until then nobody is.
      this.#coming.catch(() => {});
    }
    return this.#coming;
  }
}
