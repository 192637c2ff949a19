import { Worker } from 'node:worker_threads';
import { DataForgeError } from '#domain/errors.ts';
import type { QueueAnswer, QueueCall, QueueCalls } from './local-queue-calls.ts';

const SCRIPT = new URL('./local-queue-thread.ts', import.meta.url);

/** SQLite's primary result codes (https://www.sqlite.org/rescode.html) for a disk that takes nothing. */
const IOERR = 10;
const FULL = 13;

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

/** The thread that keeps the jobs, as the main thread sees it. */
export class LocalQueueClient {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #nextId = 0;
  #ended: DataForgeError | null = null;

  constructor(path: string) {
    this.#worker = new Worker(SCRIPT, { workerData: { path } });
    this.#worker.on('message', (answer: QueueAnswer) => this.#take(answer));
    this.#worker.on('error', (cause) => this.#end(endOf(cause)));
    this.#worker.on('exit', () => this.#end(new DataForgeError('unavailable', 'The task queue is closed.')));
    this.#worker.unref();
  }

  /** @throws DataForgeError `resources_exhausted` where the disk is full, `unavailable`, `internal` */
  async call<M extends keyof QueueCalls>(
    method: M,
    argument: QueueCalls[M]['argument'],
  ): Promise<QueueCalls[M]['result']> {
    if (this.#ended !== null) throw this.#ended;
    const id = this.#nextId++;
    this.#worker.ref();
    try {
      return await new Promise((resolve, reject) => {
        this.#pending.set(id, { resolve, reject });
        this.#worker.postMessage({ id, method, argument } satisfies QueueCall);
      });
    } finally {
      if (this.#pending.size === 0) this.#worker.unref();
    }
  }

  async close(): Promise<void> {
    if (this.#ended !== null) return;
    await this.call('close', null);
    await this.#worker.terminate();
  }

  #take(answer: QueueAnswer): void {
    const pending = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if (answer.ok) pending?.resolve(answer.value as never);
    else pending?.reject(errorOf(answer));
  }

  #end(error: DataForgeError): void {
    this.#ended ??= error;
    for (const { reject } of this.#pending.values()) reject(this.#ended);
    this.#pending.clear();
  }
}

function endOf(cause: unknown): DataForgeError {
  const isLocked = cause instanceof Error && /database is locked/.test(cause.message);
  return isLocked
    ? new DataForgeError('store_locked', 'Another process has the task queue of this DATA_DIR open; stop it first.')
    : new DataForgeError('internal', 'The task queue failed.', { cause });
}

function errorOf({ message, code }: QueueAnswer & { readonly ok: false }): DataForgeError {
  const cause = new Error(message);
  const primary = code === null ? null : code & 0xff;
  if (primary === FULL || primary === IOERR) {
    const said = 'The disk is full; free some space and send the request again.';
    return new DataForgeError('resources_exhausted', said, { cause, retryable: true });
  }
  return new DataForgeError('internal', 'The task queue failed.', { cause });
}
