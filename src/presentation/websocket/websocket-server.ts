import { WebSocketServer as Server } from 'ws';
import type { UseCases } from '#application/use-cases.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { AnsweredRequest } from '#domain/run/answered-request.ts';
import type { AccessTokens } from '../access-tokens.ts';
import type { Upgrade } from '../upgrades.ts';
import { Connection, type ConnectionLimits } from './connection.ts';
import { createOperations } from './operations.ts';

interface WebSocketLimits extends ConnectionLimits {
  readonly maxConnections: number;
  /** Bytes of one message from a client. */
  readonly maxMessageBytes: number;
}

export interface WebSocketOptions {
  readonly useCases: UseCases;
  readonly tokens: AccessTokens;
  readonly limits: WebSocketLimits;
  readonly version: string;
  readonly onAnswer: (answer: AnsweredRequest) => void;
}

/** How often connections are looked at, and asked whether they are there, in milliseconds. */
const CHECK_INTERVAL = 1000;
const PING_INTERVAL = 30_000;

/** All clients of `/ws`. */
export class WebSocketServer {
  readonly #options: WebSocketOptions;
  readonly #operations: ReturnType<typeof createOperations>;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  readonly #timers: readonly NodeJS.Timeout[];
  #count = 0;
  #dropped = 0;
  #closing = false;

  constructor(options: WebSocketOptions) {
    this.#options = options;
    this.#operations = createOperations(options.useCases);
    this.#server = new Server({
      noServer: true,
      clientTracking: false,
      maxPayload: options.limits.maxMessageBytes,
      perMessageDeflate: false,
    });
    this.#timers = [setInterval(() => this.#check(), CHECK_INTERVAL), setInterval(() => this.#ping(), PING_INTERVAL)];
    for (const timer of this.#timers) timer.unref();
  }

  get connections(): number {
    return this.#connections.size;
  }

  get operations(): number {
    let sum = 0;
    for (const connection of this.#connections) sum += connection.operations;
    return sum;
  }

  /** Clients that were dropped because they read too slowly. */
  get dropped(): number {
    return this.#dropped;
  }

  take({ request, socket, head, caller }: Upgrade): void {
    const { limits, tokens, version, onAnswer } = this.#options;
    if (this.#closing) throw new DataForgeError('unavailable', 'The server is stopping.', { retryable: true });
    if (this.#connections.size >= limits.maxConnections) {
      const message = `${limits.maxConnections} clients are connected already; connect later.`;
      throw new DataForgeError('too_many_requests', message, { retryable: true });
    }
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      const connection = new Connection(webSocket, {
        id: `ws-${(++this.#count).toString(36)}`,
        version,
        address: request.socket.remoteAddress ?? '',
        caller,
        tokens,
        operations: this.#operations,
        limits,
        onAnswer,
      });
      this.#connections.add(connection);
      webSocket.once('close', () => this.#connections.delete(connection));
    });
  }

  /** Lets what runs come to its end within the time, then says good-bye; subscriptions end by themselves. */
  async close(timeout: number): Promise<void> {
    this.#closing = true;
    for (const timer of this.#timers) clearInterval(timer);
    const end = performance.now() + timeout;
    while (this.operations > 0 && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 10));
    for (const connection of this.#connections) connection.close(1001, 'The server is stopping.');
    const gone = performance.now() + Math.max(200, Math.min(2000, end - performance.now()));
    while (this.#connections.size > 0 && performance.now() < gone)
      await new Promise((resolve) => setTimeout(resolve, 10));
    for (const connection of this.#connections) connection.terminate();
  }

  #check(): void {
    const now = performance.now();
    for (const connection of this.#connections) if (!connection.check(now)) this.#dropped++;
  }

  #ping(): void {
    for (const connection of this.#connections) connection.ping();
  }
}
