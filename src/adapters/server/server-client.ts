import { setTimeout as sleep } from 'node:timers/promises';
import { DataForgeError, ERROR_TITLES, type ErrorCode } from '#domain/errors.ts';

export interface ServerAddress {
  /** Without `/api/v1`. */
  readonly url: string;
  readonly token: string | null;
}

export interface ServerRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Behind `/api/v1`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Made anew for each attempt. */
  readonly body?: () => string | AsyncIterable<Uint8Array>;
  readonly signal: AbortSignal;
}

/** How long a server that is away is asked again, in milliseconds. */
const PATIENCE = 120_000;
const FIRST_WAIT = 250;
const LONGEST_WAIT = 5000;

/** Calls a server of Data Forge on another machine; one that is away for a while is waited for. */
export class ServerClient {
  readonly #address: ServerAddress;

  constructor(address: ServerAddress) {
    this.#address = { ...address, url: address.url.replace(/\/+$/, '') };
  }

  get address(): ServerAddress {
    return this.#address;
  }

  /** @throws DataForgeError what the server says, `unavailable` where there is none */
  async json<T>(request: ServerRequest): Promise<T> {
    return this.#patiently(request, async (response) => (await response.json()) as T);
  }

  /**
   * An answer whose body is to be read as it comes, by `bytesOf`.
   * @throws DataForgeError as `json`
   */
  open(request: ServerRequest): Promise<Response> {
    return this.#patiently(request, async (response) => response);
  }

  async #patiently<T>(request: ServerRequest, read: (response: Response) => Promise<T>): Promise<T> {
    const until = performance.now() + PATIENCE;
    for (let wait = FIRST_WAIT; ; wait = Math.min(LONGEST_WAIT, 2 * wait)) {
      try {
        return await read(await this.#ask(request));
      } catch (error) {
        const mayPass = error instanceof DataForgeError && error.retryable;
        if (!mayPass || request.signal.aborted || performance.now() + wait > until) throw error;
        await sleep(wait, undefined, { signal: request.signal }).catch(() => {});
      }
    }
  }

  async #ask({ method, path, headers = {}, body, signal }: ServerRequest): Promise<Response> {
    const { url, token } = this.#address;
    const given = body?.();
    let response: Response;
    try {
      response = await fetch(`${url}/api/v1${path}`, {
        method,
        headers: { ...headers, ...(token === null ? {} : { authorization: `Bearer ${token}` }) },
        ...(given === undefined ? {} : bodyOf(given)),
        signal,
      });
    } catch (cause) {
      if (signal.aborted) throw signal.reason;
      throw new DataForgeError('unavailable', `No server answers at ${url}.`, { cause, retryable: true });
    }
    if (response.ok) return response;
    throw problemOf(response.status, await response.text());
  }
}

/**
 * The bytes of an answer, read once.
 * @throws DataForgeError `unavailable`, retryable, where they break off, and have to be asked for anew
 */
export async function* bytesOf({ body, url }: Response, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    if (body !== null) yield* body;
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    const message = `What the server at ${new URL(url).origin} sent broke off.`;
    throw new DataForgeError('unavailable', message, { cause, retryable: true });
  }
}

function bodyOf(body: string | AsyncIterable<Uint8Array>): RequestInit {
  if (typeof body === 'string') return { body };
  return { body: ReadableStream.from(body), duplex: 'half' } as unknown as RequestInit;
}

function problemOf(status: number, text: string): DataForgeError {
  const retryable = status === 503 || status === 429 || status === 502 || status === 504;
  try {
    const { code, detail } = JSON.parse(text) as { readonly code: string; readonly detail: string };
    if (code in ERROR_TITLES) return new DataForgeError(code as ErrorCode, detail, { retryable });
  } catch {
    // No answer of ours.
  }
  return new DataForgeError('unavailable', `The server answered ${status}.`, { retryable });
}
