import { WebSocketServer as Server } from 'ws';
import type { UseCases } from '#application/use-cases.ts';
import type { AnsweredRequest } from '#domain/run/answered-request.ts';
import type { AccessTokens } from '../access-tokens.ts';
import { Channel, Channels } from '../sockets.ts';
import type { Upgrade } from '../upgrades.ts';
import { Connection, type ConnectionLimits } from './connection.ts';
import { createOperations } from './operations.ts';

interface WebSocketLimits extends ConnectionLimits {
  readonly maxConnections: number;
  /** Milliseconds that a message may wait for its reader. */
  readonly slowReader: number;
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

/** All clients of `/ws`. */
export class WebSocketServer {
  readonly #options: WebSocketOptions;
  readonly #operations: ReturnType<typeof createOperations>;
  readonly #server: Server;
  readonly #channels: Channels;
  readonly #connections = new Map<Channel, Connection>();
  #count = 0;

  constructor(options: WebSocketOptions) {
    this.#options = options;
    this.#operations = createOperations(options.useCases);
    this.#server = new Server({
      noServer: true,
      clientTracking: false,
      maxPayload: options.limits.maxMessageBytes,
      perMessageDeflate: false,
    });
    this.#channels = new Channels(options.limits, (channel, now) => this.#connections.get(channel)?.check(now));
  }

  get connections(): number {
    return this.#channels.size;
  }

  get operations(): number {
    let sum = 0;
    for (const connection of this.#connections.values()) sum += connection.operations;
    return sum;
  }

  /** Clients that were dropped because they read too slowly. */
  get dropped(): number {
    return this.#channels.dropped;
  }

  take({ request, socket, head, caller }: Upgrade): void {
    const { limits, tokens, version, onAnswer } = this.#options;
    this.#channels.checkFree();
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      const channel = new Channel(webSocket);
      const connection = new Connection(channel, {
        id: `ws-${(++this.#count).toString(36)}`,
        version,
        address: request.socket.remoteAddress ?? '',
        caller,
        tokens,
        operations: this.#operations,
        limits,
        onAnswer,
      });
      this.#connections.set(channel, connection);
      webSocket.once('close', () => this.#connections.delete(channel));
      this.#channels.add(channel);
    });
  }

  /** Lets what runs come to its end within the time, then says good-bye; subscriptions end by themselves. */
  close(timeout: number): Promise<void> {
    return this.#channels.close(timeout, () => this.operations === 0);
  }
}
