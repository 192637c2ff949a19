import { compareValues, type FieldValue } from '../shared/incremental.ts';
import type { WebSocketOptions } from './websocket-options.ts';

/** What was read last. */
export interface WebSocketCursor {
  readonly [member: string]: unknown;
  readonly last: FieldValue | null;
  /** Of keys without an order the last ones. */
  readonly recent: readonly string[];
}

const MOST_RECENT = 1000;
const NUMBER = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i;

/** Remembers keys, and tells what comes again. */
export class KeyKeeper {
  readonly #resume: WebSocketOptions['resume'];
  #last: FieldValue | null;
  readonly #recent: Set<string>;

  constructor(resume: WebSocketOptions['resume'], cursor: WebSocketCursor | null) {
    this.#resume = resume;
    this.#last = cursor?.last ?? null;
    this.#recent = new Set(cursor?.recent);
  }

  get cursor(): WebSocketCursor {
    return { last: this.#last, recent: [...this.#recent] };
  }

  /** The key to go on behind. */
  get since(): FieldValue | null {
    const start = this.#resume?.start ?? null;
    return this.#last ?? (start === null ? null : { value: start, isNumber: NUMBER.test(start) });
  }

  /** Whether what has the key is new; it then is the last. What has no key is. */
  isNew(key: FieldValue | null): boolean {
    if (key === null || this.#resume === null) return true;
    if (this.#resume.order === 'ascending') {
      if (this.#last !== null && compareValues(key, this.#last) <= 0) return false;
    } else {
      const name = `${key.isNumber ? 'n' : 't'}${key.value}`;
      if (this.#recent.has(name)) return false;
      this.#recent.add(name);
      const [oldest] = this.#recent;
      if (this.#recent.size > MOST_RECENT && oldest !== undefined) this.#recent.delete(oldest);
    }
    this.#last = key;
    return true;
  }
}
