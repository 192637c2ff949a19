import { Worker } from 'node:worker_threads';
import { DataForgeError } from '#domain/errors.ts';
import { abortError } from '../shared/abort.ts';
import { translateSqliteError } from './sqlite-errors.ts';
import { type FromWorker, fromWireError, STOPPED, type ToWorker, toWireError } from './sqlite-wire.ts';

/** What a thread can be asked: by method, what goes in and what comes out. */
export type Calls = Readonly<Record<string, { readonly argument: unknown; readonly result: unknown }>>;

export interface CallOptions {
  /** Ends the work inside the engine. */
  readonly signal?: AbortSignal;
  /** Answers what the worker asks while it works on the call. */
  readonly answer?: (question: never) => unknown;
}

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
  readonly answer: ((question: never) => unknown) | undefined;
}

/** A worker thread of the engine, as the main thread sees it. Calls are answered in the order the worker chooses. */
export class SqliteThread<C extends Calls> {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #nextId = 0;
  #ended: DataForgeError | null = null;

  constructor(script: URL, workerData: unknown) {
    this.#worker = new Worker(script, { workerData });
    this.#worker.on('message', (message: FromWorker) => this.#take(message));
    this.#worker.on('error', (cause) =>
      this.#end(new DataForgeError('internal', 'The storage engine failed.', { cause })),
    );
    this.#worker.on('exit', () => this.#end(new DataForgeError('unavailable', 'The store is closed.')));
    this.#worker.unref();
  }

  /** Calls under way. */
  get busy(): number {
    return this.#pending.size;
  }

  /** Whether it can answer no more. */
  get hasEnded(): boolean {
    return this.#ended !== null;
  }

  async call<M extends keyof C & string>(
    method: M,
    argument: C[M]['argument'],
    { signal, answer }: CallOptions = {},
  ): Promise<C[M]['result']> {
    if (signal?.aborted) throw abortError(signal);
    if (this.#ended !== null) throw this.#ended;
    const id = this.#nextId++;
    const stop = signal === undefined ? null : new SharedArrayBuffer(4);
    const onAbort = () => stop !== null && Atomics.store(new Int32Array(stop), 0, STOPPED);
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#worker.ref();
    try {
      return await new Promise<C[M]['result']>((resolve, reject) => {
        this.#pending.set(id, { resolve, reject, answer });
        this.#post({ kind: 'call', id, method, argument, stop });
      });
    } catch (error) {
      if (signal?.aborted) throw abortError(signal);
      throw error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
      if (this.#pending.size === 0) this.#worker.unref();
    }
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #take(message: FromWorker): void {
    const pending = this.#pending.get(message.id);
    if (pending === undefined) return;
    if (message.kind === 'question') {
      void this.#reply(message.id, message.value as never, pending);
      return;
    }
    this.#pending.delete(message.id);
    if (message.kind === 'result') pending.resolve(message.value as never);
    else pending.reject(fromWireError(message.error));
  }

  async #reply(id: number, question: never, { answer }: Pending): Promise<void> {
    try {
      this.#post({ kind: 'reply', id, value: await answer?.(question) });
    } catch (error) {
      this.#post({ kind: 'reply-failure', id, error: toWireError(translateSqliteError(error)) });
    }
  }

  #end(error: DataForgeError): void {
    this.#ended ??= error;
    for (const { reject } of this.#pending.values()) reject(this.#ended);
    this.#pending.clear();
  }
}
