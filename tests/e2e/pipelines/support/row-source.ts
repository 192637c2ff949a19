import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SourceRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** How many came before it. */
  readonly index: number;
}

type Answer = (request: SourceRequest, response: ServerResponse) => unknown;

/** Somebody else's server, which answers as the test says and remembers what it was asked. */
export class RowSource {
  readonly requests: SourceRequest[] = [];
  readonly #server;
  answer: Answer;

  private constructor(answer: Answer) {
    this.answer = answer;
    this.#server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      const url = new URL(request.url ?? '/', 'http://source');
      const asked = {
        method: request.method ?? 'GET',
        url,
        headers: request.headers,
        body,
        index: this.requests.length,
      };
      this.requests.push(asked);
      try {
        await this.answer(asked, response);
      } catch {
        response.destroy();
      }
    });
  }

  static async start(answer: Answer): Promise<RowSource> {
    const source = new RowSource(answer);
    await new Promise<void>((resolve) => source.#server.listen(0, '127.0.0.1', resolve));
    return source;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export function sendJson(
  response: ServerResponse,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(200, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(value));
}

export function sendText(response: ServerResponse, type: string, text: string | Buffer, headers = {}): void {
  response.writeHead(200, { 'content-type': type, ...headers });
  response.end(text);
}

/** Rows `from` … `to - 1`. */
export function rowsFrom(from: number, to: number): { id: number; name: string }[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, at) => ({ id: from + at, name: `row ${from + at}` }));
}

export function ndjson(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}
