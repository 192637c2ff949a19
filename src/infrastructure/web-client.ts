import { lookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import type { Agent, buildConnector, Response as UndiciResponse } from 'undici';
import { DataForgeError } from '#domain/errors.ts';
import { isPrivateAddress } from './private-addresses.ts';

interface WebRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

const CONNECT_TIMEOUT = 10_000;
/** How long a server may be silent. */
const SILENCE_TIMEOUT = 120_000;
const MOST_REDIRECTS = 5;

type Undici = typeof import('undici');

/**
 * HTTP to other people's servers. What an address is, is judged when it is connected to, so that no name can lead astray.
 * The library is loaded for the first request.
 */
export class WebClient {
  readonly #forbidsPrivate: boolean;
  #connecting: Promise<{ readonly fetch: Undici['fetch']; readonly agent: Agent }> | null = null;

  constructor({ privateAddresses }: { readonly privateAddresses: 'allow' | 'forbid' }) {
    this.#forbidsPrivate = privateAddresses === 'forbid';
  }

  /** Headers go to no other origin than the one they were meant for. */
  async fetch(url: URL, { method = 'GET', headers = {}, body, signal }: WebRequest): Promise<Response> {
    let target = url;
    for (let redirects = 0; ; redirects++) {
      const sent = target.origin === url.origin ? headers : acceptOnly(headers);
      const response = await this.#send(target, { method, headers: sent, body: body ?? null, signal });
      const location = response.headers.get('location');
      if (![301, 302, 303, 307, 308].includes(response.status) || location === null) {
        return response as unknown as Response;
      }
      await response.body?.cancel();
      if (redirects === MOST_REDIRECTS || !URL.canParse(location, target)) {
        throw new DataForgeError('source_failed', `${shown(url)} leads from one address to the next without an end.`);
      }
      target = new URL(location, target);
    }
  }

  async resolve(host: string): Promise<string> {
    const addresses = isIP(host) > 0 ? [host] : (await this.#find(host)).map(({ address }) => address);
    const [first = host] = addresses;
    if (addresses.some((address) => this.#isForbidden(address))) throw forbidden(host);
    return first;
  }

  async close(): Promise<void> {
    await (await this.#connecting)?.agent.destroy();
  }

  async #connect() {
    const undici = await import('undici');
    const looking = { timeout: CONNECT_TIMEOUT, lookup: this.#lookup };
    const connect = undici.buildConnector(looking as buildConnector.BuildOptions);
    const agent = new undici.Agent({
      headersTimeout: SILENCE_TIMEOUT,
      bodyTimeout: SILENCE_TIMEOUT,
      connect: (options, callback) => {
        const { hostname } = options;
        if (isIP(unbracketed(hostname)) > 0 && this.#isForbidden(unbracketed(hostname))) {
          callback(forbidden(hostname), null);
        } else connect(options, callback);
      },
    });
    return { fetch: undici.fetch, agent };
  }

  async #send(url: URL, request: Parameters<Undici['fetch']>[1] & { signal: AbortSignal }): Promise<UndiciResponse> {
    this.#connecting ??= this.#connect();
    const { fetch, agent } = await this.#connecting;
    try {
      return await fetch(url, { ...request, redirect: 'manual', dispatcher: agent });
    } catch (error) {
      if (request.signal.aborted) throw request.signal.reason;
      const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
      if (cause instanceof DataForgeError) throw cause;
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new DataForgeError('source_failed', `${shown(url)} cannot be reached: ${reason}.`, {
        cause,
        retryable: true,
      });
    }
  }

  readonly #lookup: LookupFunction = (host, { all }, callback) => {
    const found = this.#find(host).then((addresses) => {
      if (addresses.some(({ address }) => this.#isForbidden(address))) throw forbidden(host);
      return addresses;
    });
    found.then(
      (addresses) => {
        if (all) callback(null, addresses);
        else callback(null, addresses[0]?.address ?? '', addresses[0]?.family);
      },
      (error) => callback(error, []),
    );
  };

  #find(host: string) {
    return lookup(host, { all: true, verbatim: true });
  }

  #isForbidden(address: string): boolean {
    return this.#forbidsPrivate && isPrivateAddress(address);
  }
}

function acceptOnly(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() === 'accept'));
}

function unbracketed(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}

/** Without what may be a secret. */
function shown({ origin, pathname }: URL): string {
  return origin + pathname;
}

function forbidden(host: string): DataForgeError {
  const message = `${host} is an address of this machine or of a private network, and PRIVATE_ADDRESSES forbids pipelines to call those.`;
  return new DataForgeError('invalid_configuration', message);
}
