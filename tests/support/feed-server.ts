import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

export interface FeedClient {
  readonly socket: WebSocket;
  /** The address it came with. */
  readonly url: URL;
  /** What it said, as JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests say what they like
  readonly said: any;
  say(message: unknown): void;
}

/** Somebody else's feed: it does to each client what the test says, once the client has said something. */
export class FeedServer {
  readonly #server: WebSocketServer;
  /** What clients have said. */
  readonly asked: unknown[] = [];
  serve: (client: FeedClient) => unknown;

  private constructor(server: WebSocketServer, serve: (client: FeedClient) => unknown) {
    this.#server = server;
    this.serve = serve;
    server.on('connection', (socket, request) => {
      socket.on('error', () => {});
      const url = new URL(request.url ?? '/', 'ws://feed');
      socket.on('message', async (data) => {
        const said = JSON.parse(String(data));
        this.asked.push(said);
        const say = (message: unknown) => {
          socket.send(typeof message === 'string' ? message : JSON.stringify(message));
        };
        await this.serve({ socket, url, said, say });
      });
    });
  }

  static async start(serve: (client: FeedClient) => unknown = () => {}): Promise<FeedServer> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await once(server, 'listening');
    return new FeedServer(server, serve);
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/feed`;
  }

  async close(): Promise<void> {
    for (const client of this.#server.clients) client.terminate();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
