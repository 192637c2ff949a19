import { DataForgeError } from '#domain/errors.ts';
import type { Cursor } from '#domain/pipeline/cursor.ts';
import type { SourceBatch, SourceRows } from '../ports/source.ts';

const LINE_FEED = 0x0a;
const LINE_END = Uint8Array.of(LINE_FEED);

/** What the rows of a batch become on their way. */
type Rows = (rows: SourceRows) => Promise<SourceRows>;
type ToLines = (rows: SourceRows) => AsyncIterable<Uint8Array>;

/**
 * All batches of a source as one, for a run whose rows are stored at one moment. Rows of JSON are put one behind the
 * other; those of CSV have to be one body.
 */
export async function joinBatches(
  batches: AsyncIterable<SourceBatch>,
  transform: Rows,
  toLines: ToLines,
): Promise<SourceBatch> {
  const joined = new JoinedBatches(batches, transform, toLines);
  const first = await joined.next();
  const format = first?.format === 'csv' ? 'csv' : 'ndjson';
  return { rows: { format, body: joined.body(first, format) }, cursor: () => joined.cursor, part: () => joined.part };
}

class JoinedBatches {
  readonly #batches: AsyncIterator<SourceBatch>;
  readonly #transform: Rows;
  readonly #toLines: ToLines;
  #last: SourceBatch | null = null;

  constructor(batches: AsyncIterable<SourceBatch>, transform: Rows, toLines: ToLines) {
    this.#batches = batches[Symbol.asyncIterator]();
    this.#transform = transform;
    this.#toLines = toLines;
  }

  get cursor(): Cursor {
    return this.#last?.cursor() ?? {};
  }

  get part(): number | null {
    return this.#last?.part?.() ?? null;
  }

  /** The rows of the next batch that has some; null at the end. */
  async next(): Promise<SourceRows | null> {
    for (let next = await this.#batches.next(); !next.done; next = await this.#batches.next()) {
      this.#last = next.value;
      if (next.value.rows !== null) return this.#transform(next.value.rows);
    }
    return null;
  }

  async *body(first: SourceRows | null, format: 'csv' | 'ndjson'): AsyncGenerator<Uint8Array> {
    let isWhole = false;
    try {
      for (let rows = first; rows !== null; rows = await this.next()) {
        if (format === 'csv' && rows !== first) throw otherHeader();
        yield* format === 'csv' || rows.format === 'ndjson' ? ended(rows.body) : ended(this.#toLines(rows));
      }
      isWhole = true;
    } finally {
      if (!isWhole) await this.#batches.return?.();
    }
  }
}

/** The body with an end of its last line. */
async function* ended(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let last = LINE_FEED;
  for await (const chunk of body) {
    last = chunk.at(-1) ?? last;
    yield chunk;
  }
  if (last !== LINE_FEED) yield LINE_END;
}

function otherHeader(): DataForgeError {
  const message =
    'The parts of the source have different columns, and a run that replaces takes one header alone; name the columns in a transform.';
  return new DataForgeError('source_failed', message);
}
