import type { SourceOpening } from '#application/ports/source.ts';
import { DataForgeError } from '#domain/errors.ts';
import { parsedJson } from '#formats/json/json-scanner.ts';
import { moved, type Piece } from '../shared/cut-batches.ts';
import { cutPage } from '../shared/http/cut-page.ts';
import { refuseRepeated } from '../shared/http/page-order.ts';
import { type Boundary, IncrementalFilter, isOrderedEverywhere } from '../shared/incremental.ts';
import { BODY_START, type BodyPlace } from '../shared/resumable-records.ts';
import { checkOptions } from './check-options.ts';
import { isLink, refusePartial, removedRow } from './delta-entries.ts';
import { firstAddress } from './odata-address.ts';
import type { ODataOptions } from './odata-options.ts';
import type { ODataPage } from './odata-page.ts';
import { type Description, ODataService } from './odata-service.ts';
import { RowLines } from './row-lines.ts';

/**
 * How far an entity set was read. Rows that are read incrementally come in the order of their field, so that the
 * boundary alone says it; others are known by their page and the place on it.
 */
interface ODataCursor {
  readonly [member: string]: unknown;
  /** The address of the page; null on the first one, and between two runs. */
  readonly page: string | null;
  readonly place: BodyPlace | null;
  /** The checksum of the page before. */
  readonly lastPage: number | null;
  readonly from: Boundary | null;
  /** Where what has changed since the run before is to be had. */
  readonly delta: string | null;
}

/** A page that was asked for. */
interface ComingPage {
  /** Where the page behind it is, known before the whole page is where it stands in front of its rows; null where there is none. */
  readonly next: Promise<URL | null>;
  /** null where it was what has changed, the service has forgotten since when, and all is to be read anew. */
  readonly whole: Promise<ODataPage | null>;
}

const START: ODataCursor = { page: null, place: null, lastPage: null, from: null, delta: null };
const GONE = 410;

/** Reads an entity set once, from a cursor on. */
export class ODataReader {
  readonly #options: ODataOptions;
  readonly #opening: SourceOpening;
  readonly #service: ODataService;
  readonly #described: Description;
  readonly #lines: RowLines;
  #cursor: ODataCursor;
  #filter: IncrementalFilter | null = null;
  /** The boundary that the rows now asked for begin at. */
  #base: Boundary | null = null;
  #removed = 0;

  static async *pieces(options: ODataOptions, opening: SourceOpening): AsyncGenerator<Piece> {
    const service = new ODataService(options, opening);
    const described = await service.describe();
    checkOptions(options, described);
    yield* new ODataReader(options, opening, service, described).#pieces();
  }

  private constructor(options: ODataOptions, opening: SourceOpening, service: ODataService, described: Description) {
    this.#options = options;
    this.#opening = opening;
    this.#service = service;
    this.#described = described;
    this.#cursor = (opening.cursor as ODataCursor | null) ?? START;
    const field = options.delta?.removedField ?? null;
    this.#lines = new RowLines({
      shape: described.rows.shape,
      besides: field === null ? '' : `,${JSON.stringify(field)}:false`,
      special: (entry) => this.#special(entry, field),
    });
  }

  async *#pieces(): AsyncGenerator<Piece> {
    let delta: URL | null = null;
    let ahead: ComingPage | null = null;
    for (let url: URL | null = this.#begin(); url !== null; ) {
      const coming: ComingPage = ahead ?? this.#ask(url);
      const follower = this.#follower(coming);
      const page = await coming.whole;
      ahead = null;
      if (page === null) {
        url = this.#begin();
        continue;
      }
      yield* await this.#piecesOf(page, url);
      ahead = await follower;
      url = this.#next(page);
      if (url === null) delta = this.#deltaOf(page);
      else if (this.#filter === null) yield this.#turn(url);
    }
    if (this.#removed > 0) {
      this.#opening.note(`${this.#removed} entities were removed at the source, and stay; removed_field marks them`);
    }
    this.#cursor = { ...START, from: this.#cursor.from, delta: delta?.href ?? null };
    yield moved(this.#cursor);
  }

  /** The address of the page that the cursor stands on. */
  #begin(): URL {
    const { page, place, delta } = this.#cursor;
    if (page === null && place === null && delta !== null) this.#cursor = { ...this.#cursor, page: delta };
    const { page: address } = this.#cursor;
    return address === null ? this.#from(this.#cursor.from) : new URL(address);
  }

  /** The address of the rows from a boundary on. */
  #from(from: Boundary | null): URL {
    const { incremental } = this.#options;
    this.#base = from;
    this.#cursor = { ...this.#cursor, lastPage: null };
    this.#filter = incremental && new IncrementalFilter(incremental.field, from, null, 'ascending');
    const { rows, csdl } = this.#described;
    const { window = null } = this.#opening;
    return firstAddress(this.#service.session.url, this.#options, rows, csdl, { from, window });
  }

  /** Asks for a page. What it fails of is told to who waits for the whole of it, and to nobody where nobody does. */
  #ask(url: URL): ComingPage {
    const next = Promise.withResolvers<URL | null>();
    const whole = this.#page(url, next.resolve);
    whole.then(
      (page) => next.resolve(page?.next ?? null),
      () => next.resolve(null),
    );
    return { next: next.promise, whole };
  }

  async #page(url: URL, onNext: (next: URL) => void): Promise<ODataPage | null> {
    try {
      return await this.#service.page(url, this.#described.rows, onNext);
    } catch (error) {
      const isForgotten = error instanceof DataForgeError && error.details.status === GONE;
      if (!isForgotten || url.href !== this.#cursor.delta) throw error;
      if (this.#options.delta?.expired !== 'restart') throw forgotten(error);
      this.#opening.note('The service has forgotten its last delta link; everything is read anew');
      this.#cursor = START;
      return null;
    }
  }

  /** Asks for the page behind one as soon as its address is known, so that the service makes it while this one comes and its rows are taken apart. */
  async #follower({ next }: ComingPage): Promise<ComingPage | null> {
    if (this.#filter !== null) return null;
    const url = await next;
    return url === null ? null : this.#ask(url);
  }

  /** The rows of a page, in pieces with the cursors behind them. */
  async #piecesOf(page: ODataPage, url: URL): Promise<readonly Piece[]> {
    const { place: from, lastPage, delta } = this.#cursor;
    if (delta !== null) refusePartial(page.rows, this.#described.rows);
    const filter = this.#filter;
    const { pieces, end } = await cutPage(this.#lines.of(page.rows), {
      from,
      bytes: this.#opening.batch.bytes,
      filter,
      cursor: (place) => (filter === null ? { ...this.#cursor, place } : { ...START, from: filter.boundary }),
    });
    refuseRepeated(url, end, lastPage, this.#options.repeatedPages);
    this.#cursor = {
      ...this.#cursor,
      place: this.#filter === null ? (end ?? from ?? BODY_START) : null,
      lastPage: this.#filter === null ? lastPage : (end?.crc ?? null),
      from: this.#filter?.boundary ?? null,
    };
    return pieces;
  }

  /**
   * The address of the page behind one that was read. Rows that are read incrementally are asked for from their boundary
   * on, so that none is missed where others change while they are read; only where all of a page have one value, its link
   * leads on.
   */
  #next({ next }: ODataPage): URL | null {
    const { from } = this.#cursor;
    const hasMoved = from !== null && from.value !== this.#base?.value && isOrderedEverywhere(from);
    return next !== null && this.#filter !== null && hasMoved ? this.#from(from) : next;
  }

  /** Moves the cursor to the beginning of another page. */
  #turn(url: URL): Piece {
    const { place } = this.#cursor;
    const page = this.#service.session.withoutCredentials(url).href;
    this.#cursor = { ...this.#cursor, page, place: null, lastPage: place?.crc ?? null };
    return moved(this.#cursor);
  }

  #deltaOf({ delta }: ODataPage): URL | null {
    if (this.#options.delta === null) return null;
    if (delta !== null) return this.#service.session.withoutCredentials(delta);
    const message =
      'The service has given all rows and no delta link, so that the next run would give them all again; leave delta out, or read incrementally by a field.';
    throw new DataForgeError('source_failed', message);
  }

  #special(entry: Uint8Array, field: string | null): Uint8Array | null {
    if (field !== null) return removedRow(entry, this.#described.rows, field);
    if (!isLink(parsedJson(entry) as Readonly<Record<string, unknown>>)) this.#removed++;
    return null;
  }
}

function forgotten(cause: unknown): DataForgeError {
  const message =
    'The service has forgotten the last delta link (410), so that what has changed since is not to be had. Reset the pipeline to read everything from its beginning, or write expired: restart where the target is upserted.';
  return new DataForgeError('source_failed', message, { cause });
}
