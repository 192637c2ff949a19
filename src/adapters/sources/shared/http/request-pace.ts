import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '#application/ports/clock.ts';
import { retryTime } from './retry-time.ts';

/** Keeps requests as far apart as the pipeline says, and as the server says in its answers. */
export class RequestPace {
  readonly #clock: Clock;
  readonly #gap: number;
  /** Before this time no request is sent; milliseconds since 1970. */
  #free = 0;

  constructor(clock: Clock, rate: { readonly requests: number; readonly per: number } | null) {
    this.#clock = clock;
    this.#gap = rate === null ? 0 : rate.per / rate.requests;
  }

  /** Waits for the turn of the next request. */
  async turn(signal: AbortSignal, onLongWait: (milliseconds: number) => void): Promise<void> {
    const wait = this.#free - this.#clock.now();
    this.#free = Math.max(this.#free, this.#clock.now()) + this.#gap;
    if (wait <= 0) return;
    if (wait >= 5000) onLongWait(wait);
    await sleep(wait, undefined, { signal });
  }

  /** Waits until the server's window is open again where this answer was the last in it. */
  heed(headers: Headers): void {
    const left = headers.get('ratelimit-remaining') ?? headers.get('x-ratelimit-remaining');
    if (left === null || Number(left) > 0) return;
    this.#free = Math.max(this.#free, retryTime(headers, this.#clock.now()) ?? 0);
  }
}
