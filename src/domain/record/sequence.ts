import { MAX_SEQUENCE } from './id.ts';

/**
 * Hands out the store's sequence numbers so that their order is the order of visibility. Small commits take the next
 * numbers while they hold the commit lock. A long load needs its numbers before it commits: it takes a range far
 * ahead, and small commits go on below it; when it commits, the counter goes on behind its range.
 */
export class SequenceNumbers {
  #head: number;
  #farFrom: number | null = null;

  /** Room that small commits have while a long load is under way. */
  static readonly FAR = 2 ** 28;

  constructor(head: number) {
    this.#head = head;
  }

  /** The highest number that is visible. */
  get head(): number {
    return this.#head;
  }

  /** The first number of the next small commit; call it with the commit lock held, then `advance`. */
  get next(): number {
    return this.#head + 1;
  }

  /** How many numbers a small commit may take now. */
  get room(): number {
    return (this.#farFrom ?? MAX_SEQUENCE) - this.next;
  }

  /** The first number of a long load; one load at a time, ended by `advance` past it or by `releaseFar`. */
  reserveFar(): number {
    if (this.#farFrom !== null) throw new RangeError('a long load is under way already');
    this.#farFrom = this.next + SequenceNumbers.FAR;
    return this.#farFrom;
  }

  releaseFar(): void {
    this.#farFrom = null;
  }

  /** Makes `last` the newest visible number, after its commit is durable. */
  advance(last: number): void {
    if (last < this.#head) throw new RangeError(`sequence numbers must ascend: ${last} comes after ${this.#head}`);
    this.#head = last;
  }
}
