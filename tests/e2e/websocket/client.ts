import { once } from 'node:events';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { expect } from 'vitest';
import { WebSocket } from 'ws';
import { asyncApi } from '#presentation/websocket/asyncapi.ts';

// biome-ignore lint/suspicious/noExplicitAny: messages have many shapes
type Message = any;

const ajv = new Ajv2020({ strict: false, validateFormats: false });
const components = (asyncApi('test') as { components: { messages: Record<string, { payload: object }> } }).components;
const payloads = new Map<string, ValidateFunction>(
  Object.entries(components.messages).map(([type, { payload }]) => [type, ajv.compile(payload)]),
);

/** A client of `/ws` that holds every message it gets against the protocol's own description. */
export class Client {
  readonly socket: WebSocket;
  /** The texts as they came. */
  readonly texts: string[] = [];
  readonly #messages: Message[] = [];
  #wake: () => void = () => {};

  constructor(url: string, options: { readonly headers?: Record<string, string> } = {}) {
    this.socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws`, options);
    this.socket.on('message', (data) => {
      const text = String(data);
      const message = JSON.parse(text);
      const fits = payloads.get(message.type);
      expect(fits?.(message), `${text.slice(0, 500)} ${JSON.stringify(fits?.errors)}`).toBe(true);
      this.texts.push(text);
      this.#messages.push(message);
      this.#wake();
    });
    this.socket.on('close', () => this.#wake());
    this.socket.on('error', () => {});
  }

  /** Connects; resolves with the client when it was greeted. */
  static async open(url: string, headers: Record<string, string> = {}): Promise<Client> {
    const client = new Client(url, { headers });
    await client.next('hello');
    return client;
  }

  say(message: object | string): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** Takes the first message that has not been taken, and is of the type and has the id where they are given. */
  async next(type?: string, id?: string): Promise<Message> {
    for (;;) {
      const at = this.#messages.findIndex(
        (message) => (type === undefined || message.type === type) && (id === undefined || message.id === id),
      );
      if (at >= 0) return this.#messages.splice(at, 1)[0];
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error(`closed while waiting for ${type} ${id}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** So many changes of a subscription, however they come. */
  async changes(id: string, count: number): Promise<Message[]> {
    const changes: Message[] = [];
    while (changes.length < count) changes.push(...(await this.next('changes', id)).changes);
    return changes;
  }

  /** All rows of a query, as texts of JSON. */
  async rows(id: string): Promise<string[]> {
    const { row_count: count } = await this.next('done', id);
    const start = `{"type":"rows","id":${JSON.stringify(id)},"rows":[`;
    const rows = this.texts.filter((text) => text.startsWith(start)).map((text) => text.slice(start.length, -2));
    expect(rows.flatMap((text) => JSON.parse(`[${text}]`))).toHaveLength(count);
    return rows;
  }

  async closed(): Promise<{ readonly code: number; readonly reason: string }> {
    if (this.socket.readyState === WebSocket.CLOSED) throw new Error('was closed before');
    const [code, reason] = await once(this.socket, 'close');
    return { code, reason: String(reason) };
  }

  async close(): Promise<void> {
    if (this.socket.readyState === WebSocket.CLOSED) return;
    this.socket.close();
    await once(this.socket, 'close');
  }
}
