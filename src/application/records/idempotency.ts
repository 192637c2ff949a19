import { DataForgeError } from '#domain/errors.ts';
import { timestampOf } from '#domain/record/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { RecordWriter } from '../ports/record-writer.ts';

const IDEMPOTENCY_MARK = 'idempotency';
const KEPT_FOR = 24 * 60 * 60 * 1000;
const FORGET_EVERY = 60 * 60 * 1000;

interface Answer<Body> {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Body;
}

/** An answer as a protocol gives it; a long body as bytes of UTF-8. */
export type GivenAnswer = Answer<string | Uint8Array>;

/** The same, to be given again word by word. */
export type KeptAnswer = Answer<string>;

/** What a caller who wants a request to count once sends with it. */
export interface Once<T> {
  /** Caller, method, path with query string and the caller's key. */
  readonly scope: string;
  /** A fingerprint of the body; for a body that is still being read, called when it is needed. */
  readonly hash: () => string | Promise<string>;
  /** The same once the body has been read to its end. */
  readonly hashRead: () => string;
  /** How the protocol will say the result. */
  readonly answer: (result: T) => GivenAnswer;
}

export type Answered<T> =
  | { readonly replayed: KeptAnswer; readonly result: null }
  | { readonly replayed: null; readonly result: T };

/** The mark that a command puts beside its rows. */
export interface OnceMark<T> {
  readonly kind: string;
  readonly key: string;
  readonly value: (result: T) => string;
}

/** Lets a request that is sent twice count once: its answer is kept in the very commit of its rows. */
export class IdempotencyKeeper {
  readonly #writer: RecordWriter;
  readonly #clock: Clock;
  readonly #running = new Map<string, Promise<unknown>>();
  readonly #timer: NodeJS.Timeout;

  constructor(writer: RecordWriter, clock: Clock, onError: (error: unknown) => void) {
    this.#writer = writer;
    this.#clock = clock;
    this.#timer = setInterval(() => this.forget().catch(onError), FORGET_EVERY);
    this.#timer.unref();
  }

  /**
   * Runs `work` unless the same request was answered before; while one runs, the others wait for it.
   * @throws DataForgeError `idempotency_mismatch` where the key came with another body
   */
  async run<T>(once: Once<T> | null, work: (mark: OnceMark<T> | null) => Promise<T>): Promise<Answered<T>> {
    if (once === null) return { replayed: null, result: await work(null) };
    const { scope } = once;
    for (let first = this.#running.get(scope); first !== undefined; first = this.#running.get(scope)) {
      await first.catch(() => {});
    }
    const turn = this.#take(once, work);
    this.#running.set(scope, turn);
    try {
      return await turn;
    } finally {
      this.#running.delete(scope);
    }
  }

  /** Drops what is older than is promised. */
  forget(): Promise<void> {
    return this.#writer.forgetMarks(IDEMPOTENCY_MARK, timestampOf(this.#clock.now() - KEPT_FOR));
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #take<T>(once: Once<T>, work: (mark: OnceMark<T> | null) => Promise<T>): Promise<Answered<T>> {
    const kept = await this.#writer.readMark(IDEMPOTENCY_MARK, once.scope);
    if (kept === null) {
      const value = (result: T) => {
        const { body, ...answer } = once.answer(result);
        const text = typeof body === 'string' ? body : Buffer.from(body).toString();
        return JSON.stringify({ hash: once.hashRead(), ...answer, body: text });
      };
      return { replayed: null, result: await work({ kind: IDEMPOTENCY_MARK, key: once.scope, value }) };
    }
    const { hash, ...answer } = JSON.parse(kept) as KeptAnswer & { readonly hash: string };
    if (hash !== (await once.hash())) {
      throw new DataForgeError(
        'idempotency_mismatch',
        'This Idempotency-Key was used with another body; take a new key for a new request.',
      );
    }
    return { replayed: answer, result: null };
  }
}
