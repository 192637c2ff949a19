import { isIP } from 'node:net';
import type { Caller } from '#application/caller.ts';
import { DataForgeError } from '#domain/errors.ts';
import { type AccessToken, AccessTokens } from './access-tokens.ts';

export interface SecurityOptions {
  /** Empty: whoever can reach the server may do everything. */
  readonly tokens: readonly AccessToken[];
  /** Names the server may be called by besides those of this machine; null for any, which asks for tokens. */
  readonly allowedHosts: readonly string[] | null;
  /** Origins of other web pages that may call; `*` for all. */
  readonly allowedOrigins: readonly string[];
}

/** What a request says of the names it goes by. */
export interface Reached {
  /** The name it calls the server by. */
  readonly host: string;
  /** The page that makes it, where a browser does. */
  readonly origin: string | undefined;
}

const LOCAL_NAMES = ['localhost', '127.0.0.1', '[::1]'];

/** Who may reach the server, and who calls. */
export class Security {
  readonly #options: SecurityOptions;
  readonly #tokens: AccessTokens;
  readonly #hosts: ReadonlySet<string> | null;

  constructor(options: SecurityOptions) {
    this.#options = options;
    this.#tokens = new AccessTokens(options.tokens);
    const hosts = options.allowedHosts?.map((host) => bracketed(host.toLowerCase()));
    this.#hosts = hosts === undefined ? null : new Set([...LOCAL_NAMES, ...hosts]);
  }

  /**
   * A page elsewhere can make a browser call a server on this machine, by name tricks or outright. The Host header
   * shows the first, the Origin header the second.
   * @throws DataForgeError `forbidden`
   */
  checkReach({ host, origin }: Reached): void {
    if (this.#hosts !== null && !this.#hosts.has(hostName(host))) {
      throw new DataForgeError(
        'forbidden',
        `The server does not answer to the name "${host.slice(0, 100)}"; call it by the name it was started with, or add this one to ALLOWED_HOSTS.`,
      );
    }
    if (origin !== undefined && !this.allowsOrigin(origin) && !isSameOrigin(origin, host)) {
      throw new DataForgeError(
        'forbidden',
        `A page from "${origin.slice(0, 100)}" may not call this server; add that origin to CORS_ORIGINS if it should.`,
      );
    }
  }

  /** Whether pages of another origin were given leave. */
  allowsOrigin(origin: string): boolean {
    return this.#options.allowedOrigins.some((allowed) => allowed === '*' || allowed === origin);
  }

  /**
   * Who calls, by the bearer token; a browser may send it as the password of Basic.
   * @returns null where no token came and one is needed
   * @throws DataForgeError `unauthorized` where it is a wrong one
   */
  identify(authorization: string | undefined): Caller | null {
    return this.#tokens.identify(authorization);
  }
}

function hostName(host: string): string {
  return host.replace(/:\d*$/, '').toLowerCase();
}

function bracketed(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}

function isSameOrigin(origin: string, host: string): boolean {
  return (
    origin.toLowerCase() === `http://${host.toLowerCase()}` || origin.toLowerCase() === `https://${host.toLowerCase()}`
  );
}
