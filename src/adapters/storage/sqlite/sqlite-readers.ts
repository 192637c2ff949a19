import type { ReaderCalls, ReaderOptions } from './sqlite-reader-calls.ts';
import { type CallOptions, SqliteThread } from './sqlite-thread.ts';

const SCRIPT = new URL('./sqlite-reader-worker.ts', import.meta.url);

export type ReaderThread = SqliteThread<ReaderCalls>;

/** The threads that read. Each is started when those before it are busy, up to so many. */
export class SqliteReaders {
  readonly #options: ReaderOptions;
  readonly #most: number;
  #threads: ReaderThread[] = [];

  constructor(options: ReaderOptions, most: number) {
    this.#options = options;
    this.#most = most;
  }

  /** The thread with the least to do. */
  pick(): ReaderThread {
    this.#threads = this.#threads.filter((thread) => !thread.hasEnded);
    const quietest = this.#threads.toSorted((a, b) => a.busy - b.busy)[0];
    if (quietest !== undefined && (quietest.busy === 0 || this.#threads.length >= this.#most)) return quietest;
    const thread: ReaderThread = new SqliteThread(SCRIPT, this.#options);
    this.#threads.push(thread);
    return thread;
  }

  call<M extends keyof ReaderCalls>(
    method: M,
    argument: ReaderCalls[M]['argument'],
    options: CallOptions = {},
  ): Promise<ReaderCalls[M]['result']> {
    return this.pick().call(method, argument, options);
  }

  async close(): Promise<void> {
    for (const thread of this.#threads) {
      if (!thread.hasEnded) await thread.call('close', null);
      await thread.terminate();
    }
  }
}
