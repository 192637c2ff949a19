import type { Call } from '#application/call.ts';
import type { Caller } from '#application/caller.ts';
import { Observation } from '#application/observe.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { AnsweredRequest } from '#domain/run/answered-request.ts';
import type { AccessTokens } from '../access-tokens.ts';
import { textMember } from '../json-body.ts';
import { PROBLEMS, problemOf, toDataForgeError } from '../problem.ts';
import type { Channel } from '../sockets.ts';
import { type ClientMessage, findId, readId, readMessage } from './messages.ts';
import type { createOperations } from './operations.ts';

export interface ConnectionLimits {
  /** Subscriptions, live queries and queries of one connection at once. */
  readonly maxOperations: number;
  /** Milliseconds without anything asked for, after which a connection is closed. */
  readonly idle: number;
}

export interface ConnectionOptions {
  readonly id: string;
  readonly version: string;
  readonly address: string;
  /** Null where the client has to say who it is first. */
  readonly caller: Caller | null;
  readonly tokens: AccessTokens;
  readonly operations: ReturnType<typeof createOperations>;
  readonly limits: ConnectionLimits;
  readonly onAnswer: (answer: AnsweredRequest) => void;
}

/** Milliseconds that a client has to say who it is. */
const MAX_SILENCE_BEFORE_TOKEN = 10_000;
/** Bytes that may wait for the reader before the server stops to listen to what else it wants. */
const MAX_BUFFERED = 1024 * 1024;
/** Inserts and queries under way above which the next messages are not read yet. */
const MAX_UNDER_WAY = 64;

/** One client: who it is, what it has under way, and how fast it reads. */
export class Connection {
  readonly #channel: Channel;
  readonly #options: ConnectionOptions;
  readonly #running = new Map<string, AbortController>();
  readonly #opened = performance.now();
  #caller: Caller | null;
  #count = 0;
  #heard = performance.now();

  constructor(channel: Channel, options: ConnectionOptions) {
    this.#channel = channel;
    this.#options = options;
    this.#caller = options.caller;
    channel.socket.on('message', (data, isBinary) => this.#receive(bytesOf(data), isBinary));
    channel.socket.once('close', () => this.#leave());
    const caller = options.caller === null ? 'null' : JSON.stringify(options.caller.name);
    this.#say(`{"type":"hello","version":${JSON.stringify(options.version)},"caller":${caller}}`);
  }

  /** Subscriptions, queries and inserts under way. */
  get operations(): number {
    return this.#running.size;
  }

  /** Looks from time to time whether the client has said who it is, and wants anything at all. */
  check(now: number): void {
    if (this.#caller === null && now - this.#opened > MAX_SILENCE_BEFORE_TOKEN) {
      this.#channel.close(1008, 'No token came; send {"type":"authenticate","token":…} first.');
    } else if (this.#running.size === 0 && now - this.#heard > this.#options.limits.idle) {
      this.#channel.close(1000, 'Nothing was asked for some time.');
    }
  }

  #receive(text: Uint8Array, isBinary: boolean): void {
    if (this.#channel.isClosing) return;
    this.#heard = performance.now();
    try {
      const message = readMessage(text, isBinary);
      if (message.type === 'authenticate') this.#authenticate(message);
      else if (message.type === 'ping') this.#say('{"type":"pong"}');
      else if (message.type === 'cancel') this.#running.get(readId(message.json))?.abort(cancelled());
      else this.#begin(message.type, message);
    } catch (error) {
      this.#sayError(findId(text), error);
    }
    this.#regulate();
  }

  #authenticate({ json }: ClientMessage): void {
    const token = textMember(json, 'token');
    try {
      this.#caller = this.#options.tokens.identify(`Bearer ${token}`);
    } catch (error) {
      this.#sayError(null, error);
      this.#channel.close(PROBLEMS.unauthorized.webSocketClose, 'The token is not one of this server.');
      return;
    }
    const { name, right } = this.#caller ?? { name: 'nobody', right: 'read' };
    this.#say(`{"type":"authenticated","caller":${JSON.stringify(name)},"right":"${right}"}`);
  }

  #begin(type: 'subscribe' | 'live' | 'query' | 'insert', message: ClientMessage): void {
    const id = readId(message.json);
    if (this.#caller === null) {
      throw new DataForgeError('unauthorized', 'This needs a token; send {"type":"authenticate","token":…} first.');
    }
    if (this.#running.has(id)) {
      const text = `"${id}" is under way already; take another id, or cancel it first.`;
      throw new DataForgeError('invalid_parameter', text, { faults: [{ pointer: '/id', message: 'is in use' }] });
    }
    const { maxOperations } = this.#options.limits;
    if (type !== 'insert' && this.#running.size >= maxOperations) {
      const text = `${maxOperations} are under way on this connection already; cancel one of them first.`;
      throw new DataForgeError('too_many_requests', text, { retryable: true });
    }
    void this.#run(type, id, message, this.#caller);
  }

  async #run(
    type: 'subscribe' | 'live' | 'query' | 'insert',
    id: string,
    message: ClientMessage,
    caller: Caller,
  ): Promise<void> {
    const controller = new AbortController();
    const call: Call = { caller, signal: controller.signal, observation: new Observation() };
    const started = performance.now();
    let began: number | null = null;
    let sent = 0;
    let failure: unknown = null;
    this.#running.set(id, controller);
    try {
      await this.#options.operations[type](message, call, async (text) => {
        began ??= performance.now() - started;
        sent += text.length;
        await this.#send(text);
      });
    } catch (error) {
      failure = error;
    }
    this.#running.delete(id);
    if (controller.signal.aborted) this.#say(`{"type":"done","id":${JSON.stringify(id)},"cancelled":true}`);
    else if (failure !== null) this.#sayError(id, failure);
    this.#tell({ type, call, duration: began ?? performance.now() - started, sent, failure });
    this.#heard = performance.now();
    this.#regulate();
  }

  #tell(done: { type: string; call: Call; duration: number; sent: number; failure: unknown }): void {
    const { observation, caller } = done.call;
    const known = done.failure === null ? null : toDataForgeError(done.failure);
    this.#options.onAnswer({
      protocol: 'websocket',
      method: done.type,
      route: '/ws',
      status: known === null ? 200 : PROBLEMS[known.code].http,
      duration: done.duration,
      dataset: observation.dataset,
      processor: observation.processor,
      bytesOut: done.sent,
      requestId: `${this.#options.id}-${(++this.#count).toString(36)}`,
      traceParent: observation.traceParent,
      caller: caller.name,
      address: this.#options.address,
      code: known?.code ?? null,
      rows: observation.rows,
      parts: observation.parts,
      plan: null,
      explain: observation.explain,
      error: known?.cause ?? known,
    });
  }

  /** One at a time for each operation, so little ever waits here. */
  async #send(message: string | Uint8Array): Promise<void> {
    try {
      await this.#channel.send(message);
    } finally {
      this.#regulate();
    }
  }

  /** Sends what nobody waits for. */
  #say(message: string): void {
    void this.#send(message).catch(() => {});
  }

  #sayError(id: string | null, error: unknown): void {
    const { type: help, status: _, ...problem } = problemOf(error);
    this.#say(`{"type":"error","id":${JSON.stringify(id)},"error":${JSON.stringify({ help, ...problem })}}`);
  }

  /** Who asks faster than is answered, or than it reads, is listened to later: its messages wait in its own network. */
  #regulate(): void {
    const { socket } = this.#channel;
    const isTooMuch =
      socket.bufferedAmount > MAX_BUFFERED || this.#running.size >= MAX_UNDER_WAY + this.#options.limits.maxOperations;
    if (isTooMuch && !socket.isPaused) socket.pause();
    else if (!isTooMuch && socket.isPaused) socket.resume();
  }

  #leave(): void {
    for (const controller of this.#running.values()) controller.abort(cancelled());
  }
}

function cancelled(cause?: unknown): DataForgeError {
  return new DataForgeError('cancelled', 'Broken off by the client.', { cause });
}

function bytesOf(data: Buffer | ArrayBuffer | Buffer[] | string): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data);
  return Array.isArray(data) ? Buffer.concat(data) : new Uint8Array(data);
}
