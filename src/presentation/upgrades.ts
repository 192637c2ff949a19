import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Caller } from '#application/caller.ts';
import { DataForgeError } from '#domain/errors.ts';
import { problemOf } from './problem.ts';
import type { Security } from './security.ts';

/** A connection that leaves HTTP for another protocol. */
export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What came behind the request already. */
  readonly head: Buffer;
  /** Null where no token came with the request and one is needed: the protocol has to ask for it. */
  readonly caller: Caller | null;
}

/** Leads connections that leave HTTP to the protocol of their path, by the same rules of reach as every request. */
export class Upgrades {
  readonly #security: Security;
  readonly #trustProxy: boolean;
  readonly #roads = new Map<string, (upgrade: Upgrade) => void | Promise<void>>();

  constructor(security: Security, trustProxy: boolean) {
    this.#security = security;
    this.#trustProxy = trustProxy;
  }

  add(path: string, take: (upgrade: Upgrade) => void | Promise<void>): void {
    this.#roads.set(path, take);
  }

  attach(server: Server): void {
    server.on('upgrade', (request, socket, head) => {
      socket.on('error', () => socket.destroy());
      this.#lead(request, socket, head).catch((error) => refuse(socket, error));
    });
  }

  async #lead(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { headers, url = '/' } = request;
    const forwarded = this.#trustProxy ? headers['x-forwarded-host'] : undefined;
    const host = (typeof forwarded === 'string' ? forwarded.split(',')[0]?.trim() : undefined) ?? headers.host ?? '';
    this.#security.checkReach({ host, origin: headers.origin });
    const [path = '/'] = url.split('?', 1);
    const take = this.#roads.get(path);
    if (take === undefined) {
      throw new DataForgeError('unknown_route', `There is no WebSocket at ${path.slice(0, 100)}.`);
    }
    await take({ request, socket, head, caller: this.#security.identify(headers.authorization) });
  }
}

/** Answers in HTTP, which the connection still speaks, and ends it. */
function refuse(socket: Duplex, error: unknown): void {
  const problem = problemOf(error);
  const body = JSON.stringify(problem);
  socket.end(
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}\r\nConnection: close\r\n` +
      `Content-Type: application/problem+json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
