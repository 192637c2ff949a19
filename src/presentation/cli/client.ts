import { DataForgeError, ERROR_TITLES, type ErrorCode, type Fault } from '#domain/errors.ts';
import { type Json, parseJson } from '#domain/record/json.ts';

export interface ClientRequest {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** JSON text, or the bytes of a file as they come. */
  readonly body?: string | AsyncIterable<Uint8Array>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

export type Fetch = (url: URL, init: RequestInit) => Promise<Response>;

/** Speaks to a running server over HTTP. Every failure is a `DataForgeError` with the server's own code. */
export class ApiClient {
  readonly url: string;
  readonly #token: string | null;
  readonly #send: Fetch;

  constructor(url: string, token: string | null, fetch: Fetch = globalThis.fetch) {
    this.url = url.replace(/\/+$/, '');
    this.#token = token;
    this.#send = fetch;
  }

  /** An answer whose body is for the caller to read; `path` begins behind `/api/v1`. */
  async send(method: string, path: string, request: ClientRequest = {}): Promise<Response> {
    const url = new URL(`${this.url}/api/v1${path}`);
    for (const [name, value] of Object.entries(request.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const headers = new Headers(request.headers);
    if (this.#token !== null) headers.set('authorization', `Bearer ${this.#token}`);
    if (typeof request.body === 'string' && !headers.has('content-type'))
      headers.set('content-type', 'application/json');
    const response = await this.#fetch(url, {
      method,
      headers,
      ...bodyOf(request.body),
      signal: request.signal ?? null,
    });
    if (response.ok || response.status === 304) return response;
    throw await errorOf(response);
  }

  /** The answer as exact JSON. */
  async json(method: string, path: string, request: ClientRequest = {}): Promise<Json> {
    const response = await this.send(method, path, request);
    return parseJson(await response.text());
  }

  async #fetch(url: URL, init: RequestInit): Promise<Response> {
    try {
      return await this.#send(url, init);
    } catch (cause) {
      if (init.signal?.aborted) throw new DataForgeError('cancelled', 'Broken off.', { cause });
      const message = `No server answers at ${this.url}; start one with: forge start`;
      throw new DataForgeError('unavailable', message, { cause, retryable: true });
    }
  }
}

/** A path of the API with its parts encoded. */
export function apiPath(...parts: readonly string[]): string {
  return `/${parts.map(encodeURIComponent).join('/')}`;
}

function bodyOf(body: ClientRequest['body']): RequestInit {
  if (body === undefined) return {};
  if (typeof body === 'string') return { body };
  return { body: ReadableStream.from(body), duplex: 'half' } as unknown as RequestInit;
}

/** What an answer that is no success says; the codes are those of our own catalogue. */
async function errorOf(response: Response): Promise<DataForgeError> {
  const text = await response.text().catch(() => '');
  const problem = readProblem(text);
  const code: ErrorCode = Object.hasOwn(ERROR_TITLES, String(problem?.code))
    ? (problem?.code as ErrorCode)
    : 'internal';
  const message =
    typeof problem?.detail === 'string'
      ? problem.detail
      : `The server answered ${response.status} ${response.statusText}.`;
  const faults = Array.isArray(problem?.errors) ? (problem.errors as Fault[]) : [];
  const details = (problem?.details ?? {}) as Readonly<Record<string, unknown>>;
  return new DataForgeError(code, message, { faults, details });
}

function readProblem(text: string): Record<string, unknown> | null {
  try {
    const problem: unknown = JSON.parse(text);
    return typeof problem === 'object' && problem !== null ? (problem as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
