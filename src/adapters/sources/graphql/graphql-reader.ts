import type { SourceOpening } from '#application/ports/source.ts';
import { DataForgeError } from '#domain/errors.ts';
import { isWithin } from '../shared/backfill-window.ts';
import { moved, type Piece } from '../shared/cut-batches.ts';
import { decompressed } from '../shared/decompress.ts';
import { cutPage } from '../shared/http/cut-page.ts';
import { HttpSession } from '../shared/http/http-session.ts';
import { leadsToItself, refuseRepeated } from '../shared/http/page-order.ts';
import { readWhole } from '../shared/http/read-whole.ts';
import { type Boundary, type FieldValue, IncrementalFilter } from '../shared/incremental.ts';
import type { BodyPlace } from '../shared/resumable-records.ts';
import { type GraphqlAnswer, readAnswer } from './graphql-answer.ts';
import type { GraphqlOptions } from './graphql-options.ts';
import { FIRST_PAGE, GRAPHQL_HEADERS, type GraphqlPosition, requestBody } from './graphql-request.ts';

/** How far a source was read: within a run the page and the place on it, between two runs what is new from there on. */
interface GraphqlCursor {
  readonly [member: string]: unknown;
  readonly page: GraphqlPosition;
  readonly place: BodyPlace | null;
  /** The checksum of the page before. */
  readonly lastPage: number | null;
  /** The boundary that this run began with, and the one it has reached. */
  readonly from: Boundary | null;
  readonly high: Boundary | null;
}

const START: GraphqlCursor = { page: FIRST_PAGE, place: null, lastPage: null, from: null, high: null };

/** Reads what a query gives once, from a cursor on. */
export class GraphqlReader {
  readonly #options: GraphqlOptions;
  readonly #opening: SourceOpening;
  readonly #session: HttpSession;
  readonly #filter: IncrementalFilter | null;
  #cursor: GraphqlCursor;

  /** @throws DataForgeError `invalid_configuration` where nothing says which rows are meant */
  constructor(options: GraphqlOptions, opening: SourceOpening) {
    if (options.records === null && options.paging?.kind !== 'relay') {
      throw new DataForgeError('invalid_configuration', 'Name the list of rows within data as records of the source.');
    }
    this.#options = options;
    this.#opening = opening;
    this.#session = new HttpSession(options, opening);
    this.#cursor = (opening.cursor as GraphqlCursor | null) ?? START;
    const { from, high } = this.#cursor;
    const { window = null } = opening;
    const isWanted = window && ((value: FieldValue) => isWithin(value, window));
    this.#filter = options.incremental && new IncrementalFilter(options.incremental.field, from, high, 'any', isWanted);
  }

  async *pieces(): AsyncGenerator<Piece> {
    for (let page: GraphqlPosition | null = this.#cursor.page; page !== null; ) {
      const answer: GraphqlAnswer = await this.#answer(
        requestBody(this.#options, page, this.#cursor.from, this.#opening.window),
      );
      const { pieces, end } = await this.#piecesOf(answer);
      yield* pieces;
      page = this.#next(page, answer);
      if (page === null) break;
      this.#cursor = { ...this.#cursor, page, place: null, lastPage: end?.crc ?? null, high: this.#high };
      yield moved(this.#cursor);
    }
    yield moved({ ...START, from: this.#high, high: this.#high });
  }

  get #high(): Boundary | null {
    return this.#filter?.boundary ?? null;
  }

  async #answer(body: string): Promise<GraphqlAnswer> {
    const { url } = this.#session;
    const response = await this.#session.send(url, { method: 'POST', headers: GRAPHQL_HEADERS, body });
    const document = await readWhole(decompressed(this.#session.bytes(url, response)), url);
    return readAnswer(document, this.#options, this.#opening.note);
  }

  /** The rows of a page, in pieces with the cursors behind them, and where on the page they end. */
  async #piecesOf({ lines }: GraphqlAnswer) {
    const { place: from, lastPage } = this.#cursor;
    const cut = await cutPage(lines, {
      from,
      bytes: this.#opening.batch.bytes,
      filter: this.#filter,
      cursor: (place) => ({ ...this.#cursor, place, high: this.#high }),
    });
    refuseRepeated(this.#session.url, cut.end, lastPage, this.#options.repeatedPages);
    return { ...cut, end: cut.end ?? from };
  }

  /** The page behind one that was read; null where it was the last. */
  #next(page: GraphqlPosition, { count, pageInfo }: GraphqlAnswer): GraphqlPosition | null {
    const { paging } = this.#options;
    if (paging?.kind === 'offset') {
      const before = page.kind === 'offset' ? page.offset : 0;
      return count === 0 ? null : { kind: 'offset', offset: before + count };
    }
    if (pageInfo === null || !pageInfo.hasNextPage || pageInfo.endCursor === null) return null;
    if (page.kind === 'after' && page.cursor === pageInfo.endCursor) throw leadsToItself(this.#session.url);
    return { kind: 'after', cursor: pageInfo.endCursor };
  }
}
