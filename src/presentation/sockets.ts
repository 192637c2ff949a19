import type { WebSocket } from 'ws';
import { DataForgeError } from '#domain/errors.ts';

/** Milliseconds between the word that a connection is closed and its end. */
const GRACE = 2000;
/** How often clients are looked at, and asked whether they are there, in milliseconds. */
const CHECK_INTERVAL = 1000;
const PING_INTERVAL = 30_000;

/** One WebSocket with the flow of what is sent: whoever sends waits until the system has taken it. */
export class Channel {
  readonly socket: WebSocket;
  #alive = true;
  #sending = 0;
  /** When a message was last taken by the system, or the first of those that wait was sent. */
  #progress = performance.now();
  #closing = false;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('pong', () => {
      this.#alive = true;
    });
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#closing = true;
    });
  }

  get isClosing(): boolean {
    return this.#closing;
  }

  /** Resolves when the system has taken the message. @throws DataForgeError `cancelled` where the client is gone */
  send(message: string | Uint8Array): Promise<void> {
    if (this.#sending++ === 0) this.#progress = performance.now();
    return new Promise((resolve, reject) => {
      this.socket.send(message, { binary: false }, (error) => {
        this.#sending--;
        this.#progress = performance.now();
        if (error) reject(new DataForgeError('cancelled', 'The client is gone.', { cause: error }));
        else resolve();
      });
    });
  }

  /** Whether a message has waited for its reader longer than so many milliseconds. */
  isSlow(now: number, limit: number): boolean {
    return !this.#closing && this.#sending > 0 && now - this.#progress > limit;
  }

  /** Asks whether the client is there; who did not answer the last time is gone. */
  ping(): void {
    if (!this.#alive) this.socket.terminate();
    this.#alive = false;
    this.socket.ping();
  }

  /** Says why and ends, after a while by force. */
  close(code: number, reason: string): void {
    if (this.#closing) return;
    this.#closing = true;
    this.socket.close(code, reason);
    setTimeout(() => this.socket.terminate(), GRACE).unref();
  }
}

/** All channels of a protocol: how many there may be, which of them read too slowly, which are gone. */
export class Channels {
  readonly #limits: { readonly maxConnections: number; readonly slowReader: number };
  readonly #open = new Set<Channel>();
  readonly #timers: readonly NodeJS.Timeout[];
  #dropped = 0;
  #closing = false;

  /** @param check is called for each channel, once a second */
  constructor(
    limits: { readonly maxConnections: number; readonly slowReader: number },
    check: (channel: Channel, now: number) => void = () => {},
  ) {
    this.#limits = limits;
    this.#timers = [
      setInterval(() => this.#check(check), CHECK_INTERVAL),
      setInterval(() => {
        for (const channel of this.#open) channel.ping();
      }, PING_INTERVAL),
    ];
    for (const timer of this.#timers) timer.unref();
  }

  get size(): number {
    return this.#open.size;
  }

  /** Those that were dropped because they read too slowly. */
  get dropped(): number {
    return this.#dropped;
  }

  /** @throws DataForgeError `unavailable` or `too_many_requests` where there can be no other */
  checkFree(): void {
    if (this.#closing) throw new DataForgeError('unavailable', 'The server is stopping.', { retryable: true });
    if (this.#open.size < this.#limits.maxConnections) return;
    const message = `${this.#limits.maxConnections} clients are connected already; connect later.`;
    throw new DataForgeError('too_many_requests', message, { retryable: true });
  }

  add(channel: Channel): void {
    this.#open.add(channel);
    channel.socket.once('close', () => this.#open.delete(channel));
  }

  /** Waits until nothing runs any more, at most for the time, then says good-bye to all. */
  async close(timeout: number, isIdle: () => boolean): Promise<void> {
    this.#closing = true;
    for (const timer of this.#timers) clearInterval(timer);
    const end = performance.now() + timeout;
    await until(isIdle, end);
    for (const channel of this.#open) channel.close(1001, 'The server is stopping.');
    await until(() => this.#open.size === 0, performance.now() + GRACE);
    for (const channel of this.#open) channel.socket.terminate();
  }

  #check(check: (channel: Channel, now: number) => void): void {
    const now = performance.now();
    for (const channel of this.#open) {
      check(channel, now);
      if (!channel.isSlow(now, this.#limits.slowReader)) continue;
      this.#dropped++;
      channel.close(1013, 'You read too slowly; connect again and go on behind the last number you have.');
    }
  }
}

async function until(holds: () => boolean, end: number): Promise<void> {
  while (!holds() && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 10));
}
