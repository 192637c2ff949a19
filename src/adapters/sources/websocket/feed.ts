import type { WebSocket } from 'ws';
import type { Clock } from '#application/ports/clock.ts';
import { DataForgeError } from '#domain/errors.ts';

/** How the server let the connection go: all is said, or what is wrong. */
type Ending = 'said' | DataForgeError;

/** Bytes that may wait here before the server has to. */
const MOST_WAITING = 4 * 1024 * 1024;
const PING_MS = 15_000;
/** A server that answers no ping for so long is gone. */
const DEAD_MS = 45_000;
const SAID = 1000;
/** Reasons to close that will be the same another time: protocol, kind of data, policy, size. */
const FOR_GOOD = new Set([1002, 1003, 1007, 1008, 1009, 1010]);
const LONGEST_TIMER = 2 ** 31 - 1;

/** The messages of a connection, which wait here until they are taken, and the server with them. */
export class Feed {
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #pinging: NodeJS.Timeout;
  #waiting: Buffer[] = [];
  #bytes = 0;
  #isStopped = false;
  #ending: Ending | null = null;
  #heard: number;
  #woken = Promise.withResolvers<void>();
  readonly #wake = () => this.#woken.resolve();

  constructor(socket: WebSocket, { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal }) {
    this.#socket = socket;
    this.#clock = clock;
    this.#signal = signal;
    this.#heard = clock.elapsed();
    socket.on('message', (data: Buffer) => this.#receive(data));
    socket.on('pong', () => this.#hear());
    socket.on('ping', () => this.#hear());
    socket.on('close', (code, reason) => this.#end(code, String(reason)));
    signal.addEventListener('abort', this.#wake, { once: true });
    this.#pinging = setInterval(() => this.#ping(), PING_MS);
    socket.resume();
  }

  /** null while the connection stands, or has messages that were not taken. */
  get ending(): Ending | null {
    return this.#waiting.length === 0 ? this.#ending : null;
  }

  /** What has come, of about so many bytes at most; null where there is nothing more, or nothing until then (`elapsed`). */
  async take(until: number, bytes: number): Promise<Buffer[] | null> {
    while (this.#waiting.length === 0 && this.#ending === null && !this.#signal.aborted) {
      const wait = until - this.#clock.elapsed();
      if (wait <= 0) return null;
      const timer = setTimeout(this.#wake, Math.min(wait, LONGEST_TIMER));
      await this.#woken.promise;
      clearTimeout(timer);
      this.#woken = Promise.withResolvers<void>();
    }
    this.#signal.throwIfAborted();
    return this.#waiting.length === 0 ? null : this.#taken(bytes);
  }

  /** Takes no more from the server; what has come is still to be had. */
  stop(): void {
    this.#isStopped = true;
    this.#socket.pause();
  }

  close(): void {
    clearInterval(this.#pinging);
    this.#signal.removeEventListener('abort', this.#wake);
    this.#socket.removeAllListeners('message');
    this.#socket.close(SAID);
    this.#socket.resume();
    // A server that does not say goodbye is not waited for.
    setTimeout(() => this.#socket.terminate(), 1000).unref();
  }

  #taken(most: number): Buffer[] {
    let size = 0;
    let count = 0;
    while (count < this.#waiting.length && (count === 0 || size < most)) size += this.#waiting[count++]?.length ?? 0;
    const taken = this.#waiting.splice(0, count);
    this.#bytes -= size;
    if (this.#socket.isPaused && !this.#isStopped && this.#bytes < MOST_WAITING) {
      this.#hear();
      this.#socket.resume();
    }
    return taken;
  }

  #receive(data: Buffer): void {
    this.#hear();
    this.#waiting.push(data);
    this.#bytes += data.length;
    if (this.#bytes >= MOST_WAITING) this.#socket.pause();
    this.#wake();
  }

  #hear(): void {
    this.#heard = this.#clock.elapsed();
  }

  #ping(): void {
    if (this.#socket.isPaused) return;
    if (this.#clock.elapsed() - this.#heard > DEAD_MS) this.#socket.terminate();
    else this.#socket.ping(() => {});
  }

  #end(code: number, reason: string): void {
    this.#ending = code === SAID ? 'said' : closed(code, reason);
    this.#wake();
  }
}

function closed(code: number, reason: string): DataForgeError {
  const said = reason === '' ? '' : `, saying: ${reason}`;
  return new DataForgeError('source_failed', `The connection was closed with ${code}${said}.`, {
    retryable: !FOR_GOOD.has(code),
    details: { status: code },
  });
}
