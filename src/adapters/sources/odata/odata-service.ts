import type { SourceOpening } from '#application/ports/source.ts';
import { DataForgeError } from '#domain/errors.ts';
import { decompressed } from '../shared/decompress.ts';
import { HttpSession } from '../shared/http/http-session.ts';
import { readWhole } from '../shared/http/read-whole.ts';
import { Csdl } from './csdl.ts';
import { addressIn } from './odata-address.ts';
import type { ODataOptions } from './odata-options.ts';
import { type ODataPage, readPage, tellingNext } from './odata-page.ts';
import { type DescribedRows, describeRows, NOT_DESCRIBED } from './row-shape.ts';

const VERSION = { 'odata-maxversion': '4.01' };

/** The rows of an entity set, and the types that they are described by; null where the service does not tell. */
export interface Description {
  readonly rows: DescribedRows;
  readonly csdl: Csdl | null;
}

/** What is asked of a service by HTTP. */
export class ODataService {
  readonly session: HttpSession;
  readonly #options: ODataOptions;
  readonly #opening: SourceOpening;

  constructor(options: ODataOptions, opening: SourceOpening) {
    this.session = new HttpSession(options, opening);
    this.#options = options;
    this.#opening = opening;
  }

  /** What `$metadata` says of the entity set. */
  async describe(): Promise<Description> {
    const csdl = await this.#metadata();
    const type = csdl?.type(csdl.typeAt(this.#options.entity) ?? '') ?? null;
    if (csdl !== null && type === null) {
      this.#opening.note(`$metadata has no entity set ${this.#options.entity}; values are taken as they come`);
    }
    return { csdl, rows: csdl === null || type === null ? NOT_DESCRIBED : describeRows(csdl, type, this.#options) };
  }

  /**
   * @param onNext told where the page behind is where that is known before the whole page has come
   * @throws DataForgeError `source_failed`, `invalid_body`
   */
  async page(url: URL, { hasLongNumbers }: DescribedRows, onNext: (next: URL) => void): Promise<ODataPage> {
    const response = await this.session.send(url, {
      headers: {
        ...VERSION,
        accept: `application/json;odata.metadata=minimal${hasLongNumbers ? ';IEEE754Compatible=true' : ''}`,
        ...this.#preferences(),
      },
    });
    return readPage(await readWhole(tellingNext(this.#body(url, response), url, onNext), url), url);
  }

  async #metadata(): Promise<Csdl | null> {
    const url = addressIn(this.session.url, '$metadata');
    try {
      const response = await this.session.send(url, { headers: { ...VERSION, accept: 'application/xml' } });
      return new Csdl(Buffer.from(await readWhole(this.#body(url, response), url)).toString());
    } catch (error) {
      const isRefused = error instanceof DataForgeError && error.details.status !== undefined && !error.retryable;
      if (!isRefused || error.details.status === 401) throw error;
      this.#opening.note(`The service gives no $metadata (${error.details.status}); values are taken as they come`);
      return null;
    }
  }

  #preferences(): Readonly<Record<string, string>> {
    const { pageSize, delta } = this.#options;
    const wishes = [
      ...(pageSize === null ? [] : [`odata.maxpagesize=${pageSize}`]),
      ...(delta === null ? [] : ['odata.track-changes']),
    ];
    return wishes.length === 0 ? {} : { prefer: wishes.join(',') };
  }

  #body(url: URL, response: Response): AsyncIterable<Uint8Array> {
    return decompressed(this.session.bytes(url, response));
  }
}
