import type { SourceOpening } from '#application/ports/source.ts';
import { DataForgeError } from '#domain/errors.ts';
import { Authoriser, textOf } from './authorise.ts';
import type { HttpOptions } from './http-options.ts';
import { RequestPace } from './request-pace.ts';
import { retryTime } from './retry-time.ts';
import { dropParam, setParam } from './set-param.ts';

export interface HttpRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Statuses that may be another one when the same is asked again. */
const MAY_PASS = new Set([408, 425, 429, 500, 502, 503, 504]);
const SHOWN_BODY = 300;

/** Requests of one source: each with its headers and credentials, none too soon, every failure told in the same way. */
export class HttpSession {
  readonly #options: HttpOptions;
  readonly #opening: SourceOpening;
  readonly #authoriser: Authoriser;
  readonly #pace: RequestPace;

  constructor(options: HttpOptions, opening: SourceOpening) {
    this.#options = options;
    this.#opening = opening;
    this.#authoriser = new Authoriser(options.auth, opening);
    this.#pace = new RequestPace(opening.clock, options.rate);
  }

  /** The address of the file with its parameters; credentials that are parameters are added when it is asked. */
  get url(): URL {
    const url = new URL(this.#options.url);
    for (const [name, value] of Object.entries(this.#options.params)) {
      setParam(url, name, textOf(value, this.#opening));
    }
    return url;
  }

  /**
   * @returns an answer of success, or 304
   * @throws DataForgeError `source_failed` for any other, retryable where it may pass
   */
  async send(url: URL, { method = 'GET', headers = {}, body }: HttpRequest = {}): Promise<Response> {
    const { web, signal, note } = this.#opening;
    await this.#pace.turn(signal, (wait) => note(`Waiting ${Math.round(wait / 1000)} s for the source's rate limit`));
    const credentials = this.#isHome(url) ? await this.#authoriser.credentials() : { headers: {}, params: {} };
    const target = new URL(url);
    for (const [name, value] of Object.entries(credentials.params)) setParam(target, name, value);
    const response = await web.fetch(target, {
      method,
      headers: { ...this.#headersFor(url), ...credentials.headers, ...headers },
      signal,
      ...(body !== undefined && { body }),
    });
    this.#pace.heed(response.headers);
    if (response.ok || response.status === 304) return response;
    throw await this.#failure(url, response);
  }

  /** The body of an answer, whose end that is none is a failure that may pass. */
  async *bytes(url: URL, response: Response): AsyncGenerator<Uint8Array> {
    try {
      if (response.body !== null) yield* response.body as unknown as AsyncIterable<Uint8Array>;
    } catch (cause) {
      if (this.#opening.signal.aborted) throw this.#opening.signal.reason;
      const message = `The answer of ${shownUrl(url)} broke off.`;
      throw new DataForgeError('source_failed', message, { cause, retryable: true });
    }
  }

  /** An address without the credentials that it may hold: one that can be remembered, and asked again. */
  withoutCredentials(url: URL): URL {
    const { auth } = this.#options;
    const kept = new URL(url);
    if (auth?.kind === 'api_key' && auth.param !== null) dropParam(kept, auth.param);
    return kept;
  }

  #headersFor(url: URL): Readonly<Record<string, string>> {
    if (!this.#isHome(url)) return {};
    const headers = Object.entries(this.#options.headers).map(([name, value]) => [name, textOf(value, this.#opening)]);
    return Object.fromEntries(headers);
  }

  /** Headers and credentials go to the origin of the file alone, wherever an answer leads. */
  #isHome(url: URL): boolean {
    return url.origin === new URL(this.#options.url).origin;
  }

  async #failure(url: URL, response: Response): Promise<DataForgeError> {
    const { status, headers } = response;
    const body = await response.text().catch(() => '');
    const said = body.trim() === '' ? '' : ` It said: ${body.trim().replace(/\s+/g, ' ').slice(0, SHOWN_BODY)}`;
    const retryAt = retryTime(headers, this.#opening.clock.now());
    return new DataForgeError('source_failed', `${shownUrl(url)} answered ${status}.${said}`, {
      retryable: MAY_PASS.has(status),
      details: { status, ...(retryAt !== null && { retryAt }) },
    });
  }
}

/** An address without its parameters, which may hold what is nobody's business. */
export function shownUrl({ origin, pathname }: URL): string {
  return origin + pathname;
}
