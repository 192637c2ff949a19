import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';
import type { Caller, Right } from '#application/caller.ts';
import { DataForgeError } from '#domain/errors.ts';

interface AccessToken {
  readonly name: string;
  readonly secret: string;
  readonly right: Right;
}

export interface SecurityOptions {
  /** Empty: whoever can reach the server may do everything. */
  readonly tokens: readonly AccessToken[];
  /** Names the server may be called by besides those of this machine; null for any, which asks for tokens. */
  readonly allowedHosts: readonly string[] | null;
  /** Origins of other web pages that may call; `*` for all. */
  readonly allowedOrigins: readonly string[];
}

const LOCAL_NAMES = ['localhost', '127.0.0.1', '[::1]'];
const LOCAL_CALLER: Caller = { name: 'local', right: 'admin' };

/** Who may reach the server, and who calls. */
export class Security {
  readonly #options: SecurityOptions;
  readonly #tokens: readonly { readonly caller: Caller; readonly digest: Buffer }[];
  readonly #hosts: ReadonlySet<string> | null;

  constructor(options: SecurityOptions) {
    this.#options = options;
    this.#tokens = options.tokens.map(({ name, secret, right }) => ({
      caller: { name, right },
      digest: digestOf(secret),
    }));
    const hosts = options.allowedHosts?.map((host) => bracketed(host.toLowerCase()));
    this.#hosts = hosts === undefined ? null : new Set([...LOCAL_NAMES, ...hosts]);
  }

  /**
   * A page elsewhere can make a browser call a server on this machine, by name tricks or outright. The Host header
   * shows the first, the Origin header the second.
   * @throws DataForgeError `forbidden`
   */
  checkReach(request: FastifyRequest): void {
    const { host } = request;
    const { origin } = request.headers;
    if (this.#hosts !== null && !this.#hosts.has(hostName(host))) {
      throw new DataForgeError(
        'forbidden',
        `The server does not answer to the name "${(host).slice(0, 100)}"; call it by the name it was started with, or add this one to ALLOWED_HOSTS.`,
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
  identify(request: FastifyRequest): Caller | null {
    if (this.#tokens.length === 0) return LOCAL_CALLER;
    const { authorization } = request.headers;
    if (authorization === undefined) return null;
    const digest = digestOf(readSecret(authorization) ?? '');
    let found: Caller | null = null;
    for (const token of this.#tokens) if (timingSafeEqual(token.digest, digest)) found = token.caller;
    if (found === null)
      throw new DataForgeError(
        'unauthorized',
        'The token is not one of this server; send "Authorization: Bearer SECRET".',
      );
    return found;
  }
}

function readSecret(authorization: string): string | null {
  const [scheme = '', value = ''] = authorization.split(/ +/, 2);
  if (scheme.toLowerCase() === 'bearer') return value;
  if (scheme.toLowerCase() !== 'basic') return null;
  const text = Buffer.from(value, 'base64').toString('utf8');
  return text.slice(text.indexOf(':') + 1);
}

function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
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
