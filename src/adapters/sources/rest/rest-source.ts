import type { SourceOpening } from '#application/ports/source.ts';
import { DataForgeError } from '#domain/errors.ts';
import { isWithin } from '../shared/backfill-window.ts';
import { cutBatches, type Piece } from '../shared/cut-batches.ts';
import { defineSource } from '../shared/define-source.ts';
import { HttpSession } from '../shared/http/http-session.ts';
import { refuseRepeated } from '../shared/http/page-order.ts';
import { type Boundary, type FieldValue, IncrementalFilter } from '../shared/incremental.ts';
import { type BodyPlace, resumableRecords } from '../shared/resumable-records.ts';
import { REST_OPTIONS, type RestOptions } from './rest-options.ts';
import { readPageBody } from './rest-page.ts';
import { addressOf, FIRST_PAGE, nextPage, type PagePosition } from './rest-paging.ts';
import { surveyRest } from './rest-survey.ts';

/** How far a source was read: within a run the page and the place on it, between two runs what is new from there on. */
interface RestCursor {
  readonly [member: string]: unknown;
  /** null between two runs. */
  readonly page: PagePosition | null;
  readonly place: BodyPlace | null;
  /** The checksum of the page before. */
  readonly lastPage: number | null;
  /** The boundary that this run began with, and the one it has reached. */
  readonly from: Boundary | null;
  readonly high: Boundary | null;
  /** What the server called the state of its rows. */
  readonly etag: string | null;
  readonly modified: string | null;
}

const START: RestCursor = {
  page: null,
  place: null,
  lastPage: null,
  from: null,
  high: null,
  etag: null,
  modified: null,
};

/** Rows behind an address: JSON, NDJSON or CSV, page by page. */
export const restSource = defineSource({
  kind: 'rest',
  description: 'An HTTP address that answers with rows',
  options: REST_OPTIONS,
  open: (options, opening) => cutBatches(new RestReader(options, opening).pieces(), opening),
  windowField: ({ incremental }) => incremental?.field ?? null,
  survey: surveyRest,
});

const NO_BYTES = new Uint8Array(0);

/** Hands on what belongs together once it is known to be right; of what is larger than a batch, what comes behind that. */
async function* heldBack(pieces: AsyncIterable<Piece>, most: number, check: () => void): AsyncGenerator<Piece> {
  let held: Piece[] | null = [];
  let bytes = 0;
  for await (const piece of pieces) {
    if (held === null) {
      yield piece;
      continue;
    }
    held.push(piece);
    bytes += piece.kind === 'records' ? piece.bytes.byteLength : 0;
    if (bytes <= most) continue;
    yield* held;
    held = null;
  }
  check();
  if (held !== null) yield* held;
}

class RestReader {
  readonly #options: RestOptions;
  readonly #opening: SourceOpening;
  readonly #session: HttpSession;
  readonly #filter: IncrementalFilter | null;
  #cursor: RestCursor;

  constructor(options: RestOptions, opening: SourceOpening) {
    this.#options = options;
    this.#opening = opening;
    this.#session = new HttpSession(options, opening);
    const { incremental } = options;
    this.#cursor = (opening.cursor as RestCursor | null) ?? START;
    const { from, high } = this.#cursor;
    const { window = null } = opening;
    const isWanted = window && ((value: FieldValue) => isWithin(value, window));
    this.#filter = incremental && new IncrementalFilter(incremental.field, from, high, 'any', isWanted);
  }

  async *pieces(): AsyncGenerator<Piece> {
    for (let page = this.#cursor.page ?? FIRST_PAGE; ; ) {
      const next: PagePosition | null = yield* this.#readPage(page);
      if (next === null) break;
      page = next;
    }
    const high = this.#filter?.boundary ?? null;
    this.#cursor = { ...this.#cursor, page: null, place: null, lastPage: null, from: high, high };
    yield this.#moved();
  }

  /** Reads one page. @returns the one behind it, null where it was the last */
  async *#readPage(page: PagePosition): AsyncGenerator<Piece, PagePosition | null> {
    const { paging } = this.#options;
    const url = addressOf(this.#base(), paging, page);
    const response = await this.#session.send(url, { headers: this.#conditions() });
    if (response.status === 304) {
      this.#opening.note('The source says that nothing has changed');
      return null;
    }
    const { headers } = response;
    const etag = headers.get('etag');
    const modified = headers.get('last-modified');
    this.#cursor = { ...this.#cursor, page, ...(page.kind === 'first' && { etag, modified }) };
    const body = await readPageBody(this.#options, url, headers, this.#session.bytes(url, response));
    const { lastPage } = this.#cursor;
    const check = () => refuseRepeated(url, this.#cursor.place, lastPage, this.#options.repeatedPages);
    const records = this.#records(body.format, body.records);
    yield* lastPage === null ? records : heldBack(records, this.#opening.batch.bytes, check);
    const place = this.#cursor.place;
    const next = nextPage(paging, page, { url, headers, rows: place?.records ?? 0, document: body.document });
    if (next === null) return null;
    this.#cursor = { ...this.#cursor, page: next, place: null, lastPage: place?.crc ?? null };
    yield this.#moved();
    return next;
  }

  async *#records(format: 'ndjson' | 'csv', body: AsyncIterable<Uint8Array>): AsyncGenerator<Piece> {
    if (this.#filter !== null && format === 'csv') {
      throw new DataForgeError(
        'invalid_configuration',
        'Rows of CSV cannot be read incrementally by a field; leave incremental out.',
      );
    }
    for await (const { bytes, header, place } of resumableRecords(
      body,
      format,
      this.#cursor.place,
      this.#opening.batch.bytes,
    )) {
      const rows = this.#filter?.take(bytes) ?? bytes;
      this.#cursor = { ...this.#cursor, place, high: this.#filter?.boundary ?? null };
      yield { kind: 'records', format, header, bytes: rows, cursor: this.#cursor };
    }
  }

  /** The address with what asks for new rows alone. */
  #base(): URL {
    const url = this.#session.url;
    const { incremental } = this.#options;
    const { window = null } = this.#opening;
    const value = this.#cursor.from?.value ?? window?.from ?? incremental?.start ?? null;
    if (incremental?.param && value !== null) url.searchParams.set(incremental.param, value);
    if (incremental?.untilParam && window !== null) url.searchParams.set(incremental.untilParam, window.to);
    return url;
  }

  /** Asks for the rows only if they are not those of the run before; of several pages one cannot speak for all. */
  #conditions(): Readonly<Record<string, string>> {
    const { page, etag, modified } = this.#cursor;
    if (this.#options.paging !== null || page !== null) return {};
    return {
      ...(etag !== null && { 'if-none-match': etag }),
      ...(modified !== null && { 'if-modified-since': modified }),
    };
  }

  #moved(): Piece {
    return { kind: 'records', format: 'ndjson', header: null, bytes: NO_BYTES, cursor: this.#cursor };
  }
}
