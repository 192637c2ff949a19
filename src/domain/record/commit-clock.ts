import { timestampOf } from './time.ts';

/** The times of commits: microseconds that never repeat, so that a time names its commit. */
export class CommitClock {
  readonly #now: () => number;
  #last = 0n;

  /** @param now milliseconds since 1970, with a fraction where the platform has one */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * The time of the next commit, as a canonical timestamp and in milliseconds.
   * @param behind microseconds that it has to be above, where others make commits, too
   */
  next(behind = 0n): { readonly at: string; readonly milliseconds: number } {
    const now = BigInt(Math.floor(this.#now() * 1000));
    const last = behind > this.#last ? behind : this.#last;
    this.#last = now > last ? now : last + 1n;
    const milliseconds = Number(this.#last / 1000n);
    const micros = String(this.#last % 1_000_000n)
      .padStart(6, '0')
      .replace(/0+$/, '');
    const whole = timestampOf(milliseconds - (milliseconds % 1000)).slice(0, 19);
    return { at: `${whole}${micros === '' ? '' : `.${micros}`}Z`, milliseconds };
  }
}
