import type { WebSocket } from 'ws';
import type { Call } from '#application/call.ts';
import type { Caller } from '#application/caller.ts';
import { Observation } from '#application/observe.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { AnsweredRequest } from '#domain/run/answered-request.ts';
import type { AccessTokens } from '../access-tokens.ts';
import { textMember } from '../json-body.ts';
import { PROBLEMS, problemOf, toDataForgeError } from '../problem.ts';
import { type ClientMessage, findId, readId, readMessage } from './messages.ts';
import type { createOperations } from './operations.ts';

export interface ConnectionLimits {
  /** Subscriptions, live queries and queries of one connection at once. */
  readonly maxOperations: number;
  /** Milliseconds that a message may wait for its reader. */
  readonly slowReader: number;
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
/** Milliseconds between the word that a connection is closed and its end. */
const GRACE = 2000;

/** One client: who it is, what it has under way, and how fast it reads. */
export class Connection {
  readonly #socket: WebSocket;
  readonly #options: ConnectionOptions;
  readonly #running = new Map<string, AbortController>();
  readonly #opened = performance.now();
  #caller: Caller | null;
  #count = 0;
  #heard = performance.now();
  #alive = true;
  #sending = 0;
  /** When a message was last taken by the connection, or the first of those that wait was sent. */
  #progress = performance.now();
  #ending = false;

  constructor(socket: WebSocket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#caller = options.caller;
    socket.on('message', (data, isBinary) => this.#receive(bytesOf(data), isBinary));
    socket.on('pong', () => {
      this.#alive = true;
    });
    socket.on('error', () => {});
    socket.once('close', () => this.#leave());
    const caller = options.caller === null ? 'null' : JSON.stringify(options.caller.name);
    this.#say(`{"type":"hello","version":${JSON.stringify(options.version)},"caller":${caller}}`);
  }

  /** Subscriptions, queries and inserts under way. */
  get operations(): number {
    return this.#running.size;
  }

  /**
   * Looks whether the client still reads and answers, from time to time.
   * @returns false where it was dropped because it reads too slowly
   */
  check(now: number): boolean {
    if (this.#ending) return true;
    const { slowReader, idle } = this.#options.limits;
    if (this.#sending > 0 && now - this.#progress > slowReader) {
      this.close(1013, 'You read too slowly; connect again and go on behind the last number you have.');
      return false;
    }
    if (this.#caller === null && now - this.#opened > MAX_SILENCE_BEFORE_TOKEN) {
      this.close(1008, 'No token came; send {"type":"authenticate","token":…} first.');
    } else if (this.#running.size === 0 && now - this.#heard > idle) {
      this.close(1000, 'Nothing was asked for some time.');
    }
    return true;
  }

  /** Asks whether the client is there; who did not answer the last time is gone. */
  ping(): void {
    if (!this.#alive) this.#socket.terminate();
    this.#alive = false;
    this.#socket.ping();
  }

  /** Says why and ends, after a while by force. */
  close(code: number, reason: string): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#socket.close(code, reason);
    setTimeout(() => this.#socket.terminate(), GRACE).unref();
  }

  terminate(): void {
    this.#socket.terminate();
  }

  #receive(text: Uint8Array, isBinary: boolean): void {
    if (this.#ending) return;
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
      this.close(PROBLEMS.unauthorized.webSocketClose, 'The token is not one of this server.');
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
      bytesOut: done.sent,
      requestId: `${this.#options.id}-${(++this.#count).toString(36)}`,
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

  /** Resolves when the system has taken the message; one at a time for each operation, so little ever waits here. */
  #send(message: string | Uint8Array): Promise<void> {
    if (this.#sending++ === 0) this.#progress = performance.now();
    return new Promise((resolve, reject) => {
      this.#socket.send(message, { binary: false }, (error) => {
        this.#sending--;
        this.#progress = performance.now();
        if (error) reject(cancelled(error));
        else resolve();
        this.#regulate();
      });
    });
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
    const socket = this.#socket;
    const isTooMuch =
      socket.bufferedAmount > MAX_BUFFERED || this.#running.size >= MAX_UNDER_WAY + this.#options.limits.maxOperations;
    if (isTooMuch && !socket.isPaused) socket.pause();
    else if (!isTooMuch && socket.isPaused) socket.resume();
  }

  #leave(): void {
    this.#ending = true;
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
