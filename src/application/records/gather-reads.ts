import type { Observation } from '../observe.ts';

export interface GatherReadsOptions {
  /** Keys in one engine call. */
  readonly maxKeys: number;
  /** Engine calls under way at once. */
  readonly maxCalls: number;
  /** How many reads may wait. */
  readonly maxWaiting: number;
}

interface PendingRead<K, T> {
  readonly text: string;
  readonly key: K;
  readonly readers: Reader<T>[];
}

interface Reader<T> {
  readonly observation: Observation;
  readonly asked: number;
  readonly resolve: (found: T | null) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Makes one engine call of the point reads of one dataset that arrive together. Readers of the same key share one
 * place; a read joins no call that has started already, so it sees whatever was answered before it was asked.
 */
export class ReadGatherer<K, T> {
  readonly #read: (keys: readonly K[]) => Promise<readonly (T | null)[]>;
  readonly #textOf: (key: K) => string;
  readonly #options: GatherReadsOptions;
  readonly #waiting = new Map<string, PendingRead<K, T>>();
  #scheduled = false;
  #calls = 0;

  constructor(
    read: (keys: readonly K[]) => Promise<readonly (T | null)[]>,
    textOf: (key: K) => string,
    options: GatherReadsOptions,
  ) {
    this.#read = read;
    this.#textOf = textOf;
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get full(): boolean {
    return this.#waiting.size >= this.#options.maxWaiting;
  }

  get(key: K, observation: Observation): Promise<T | null> {
    return new Promise((resolve, reject) => {
      const reader: Reader<T> = { observation, asked: performance.now(), resolve, reject };
      const text = this.#textOf(key);
      const known = this.#waiting.get(text);
      if (known) known.readers.push(reader);
      else this.#waiting.set(text, { text, key, readers: [reader] });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#scheduled || this.#calls >= this.#options.maxCalls) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#callAll();
    });
  }

  #callAll(): void {
    while (this.#waiting.size > 0 && this.#calls < this.#options.maxCalls) void this.#call();
  }

  /** The engine has its next call before the answers of the last are told, so that both go on together. */
  async #call(): Promise<void> {
    this.#calls++;
    const tell = await this.#find(this.#take());
    this.#calls--;
    if (this.#waiting.size === 0) return tell();
    this.#callAll();
    setImmediate(tell);
  }

  #take(): PendingRead<K, T>[] {
    const batch: PendingRead<K, T>[] = [];
    for (const pending of this.#waiting.values()) {
      batch.push(pending);
      if (batch.length >= this.#options.maxKeys) break;
    }
    for (const { text } of batch) this.#waiting.delete(text);
    return batch;
  }

  /** @returns what tells the readers of a batch what was found */
  async #find(batch: readonly PendingRead<K, T>[]): Promise<() => void> {
    const started = performance.now();
    let found: readonly (T | null)[];
    try {
      found = await this.#read(batch.map((pending) => pending.key));
    } catch (error) {
      return () => {
        for (const { readers } of batch) for (const reader of readers) reader.reject(error);
      };
    }
    const took = performance.now() - started;
    return () =>
      batch.forEach(({ readers }, index) => {
        for (const reader of readers) {
          reader.observation.add('queue', started - reader.asked);
          reader.observation.add('engine', took);
          reader.resolve(found[index] ?? null);
        }
      });
  }
}
