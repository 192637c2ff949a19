import type { ServerResponse } from 'node:http';
import { RowSource, type SourceRequest } from '../e2e/pipelines/support/row-source.ts';

/** An answer of the server behind, which a fault may spoil. */
export interface ProxiedAnswer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** Sends something else in the place of an answer. */
export type Fault = (answer: ProxiedAnswer, response: ServerResponse, before: ProxiedAnswer | null) => void;

/** What may go wrong with an answer on its way. */
export const FAULTS = {
  'asked too often': (_answer, response) => response.writeHead(429, { 'retry-after': '0' }).end(),
  'failed inside': (_answer, response) => response.writeHead(500).end('oops'),
  'half a body': ({ type, text }, response) => {
    response.writeHead(200, { 'content-type': type, 'content-length': Buffer.byteLength(text) });
    response.write(text.slice(0, text.length / 2), () => response.destroy());
  },
  'a body that is cut off': ({ type, text }, response) => {
    response.writeHead(200, { 'content-type': type }).end(text.slice(0, -30));
  },
  'broken JSON': ({ type, text }, response) => {
    response.writeHead(200, { 'content-type': type }).end(text.replace(/"(\w+)":(\d+)/, '"$1"$2'));
  },
  'the page before': ({ type, text }, response, before) => {
    response.writeHead(200, { 'content-type': type }).end(before?.text ?? text);
  },
  'no answer': (_answer, response) => response.destroy(),
} as const satisfies Readonly<Record<string, Fault>>;

/** Stands between a source and a real server, and spoils what it is told to. */
export class FaultyProxy {
  readonly #behind: URL;
  #source: RowSource | null = null;
  /** The pages that there are, by what was asked, in the order in which they were first asked for. */
  readonly #pages = new Map<string, ProxiedAnswer>();
  /** The fault of the next answer; null for none. */
  fault: (request: SourceRequest, answer: ProxiedAnswer) => Fault | null | Promise<Fault | null> = () => null;

  constructor(behind: string) {
    this.#behind = new URL(behind);
  }

  async start(): Promise<void> {
    this.#source = await RowSource.start((request, response) => this.#answer(request, response));
  }

  get url(): string {
    return `${this.#source?.url}${this.#behind.pathname}`.replace(/\/$/, '');
  }

  get requests(): readonly SourceRequest[] {
    return this.#source?.requests ?? [];
  }

  async close(): Promise<void> {
    await this.#source?.close();
  }

  async #answer(request: SourceRequest, response: ServerResponse): Promise<void> {
    const { url, headers, body, method } = request;
    const { host: _host, connection: _connection, 'content-length': _length, ...passed } = headers;
    const answered = await fetch(new URL(url.pathname + url.search, this.#behind), {
      method,
      headers: { ...(passed as Record<string, string>), 'accept-encoding': 'identity' },
      ...(body !== '' && { body }),
    });
    const type = answered.headers.get('content-type') ?? '';
    const answer = { status: answered.status, type, text: await answered.text() };
    const isPage = answered.ok && type.includes('json');
    const key = url.pathname + url.search + body;
    if (isPage && !this.#pages.has(key)) this.#pages.set(key, answer);
    const fault = isPage ? await this.fault(request, answer) : null;
    if (fault !== null) return fault(answer, response, this.#before(key));
    response.writeHead(answer.status, { 'content-type': type }).end(answer.text);
  }

  #before(key: string): ProxiedAnswer | null {
    const keys = [...this.#pages.keys()];
    return this.#pages.get(keys[keys.indexOf(key) - 1] ?? '') ?? null;
  }
}
