import { Worker } from 'node:worker_threads';
import { DataForgeError, type ErrorCode } from '#domain/errors.ts';

/** What a worker answers to one message. */
export type WorkerReply =
  | { readonly ok: true; readonly value: unknown }
  /** `detail` is for the log: what was thrown, where the fault is ours. */
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string; readonly detail: string | null };

export interface WorkerPoolOptions {
  /** The module the threads run; it calls `serveMessages`. */
  readonly url: URL;
  /** Threads at once; who comes later waits. */
  readonly size: number;
  /** Megabytes that the JavaScript of one thread may take; null for what Node gives. */
  readonly heapMegabytes: number | null;
}

/** A thread for the time of one computation. */
export interface WorkerSession {
  /** Sends a message and waits for what the thread says to it. Buffers of `transfer` are given away. */
  ask<T>(message: unknown, transfer?: readonly ArrayBuffer[]): Promise<T>;
}

/** Threads that computations run on, kept for the next one; one that is given up or fails is ended. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #idle: Worker[] = [];
  readonly #all = new Set<Worker>();
  readonly #line: (() => void)[] = [];
  #running = 0;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  /** Lends a thread to `work`. Where the signal fires the thread is ended in the middle of whatever it does. */
  async use<T>(signal: AbortSignal, work: (session: WorkerSession) => Promise<T>): Promise<T> {
    await this.#enter(signal);
    const worker = this.#idle.pop() ?? this.#start();
    worker.ref();
    const end = Promise.withResolvers<never>();
    end.promise.catch(() => {});
    const onAbort = () => end.reject(reasonOf(signal));
    const onExit = () => end.reject(outOfMemory(this.#options.heapMegabytes));
    const onError = (error: Error) => end.reject(failure(error, this.#options.heapMegabytes));
    signal.addEventListener('abort', onAbort, { once: true });
    // It may have fired while the place was handed over.
    if (signal.aborted) onAbort();
    worker.once('exit', onExit).once('error', onError);
    const working = work({ ask: (message, transfer) => ask(worker, message, transfer, end.promise) });
    try {
      const result = await Promise.race([working, end.promise]);
      this.#keep(worker);
      return result;
    } catch (error) {
      this.#end(worker);
      // Whatever `work` holds is given back before anybody else may take it.
      await working.catch(() => {});
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
      worker.off('exit', onExit).off('error', onError);
      this.#leave();
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#all].map((worker) => worker.terminate()));
    this.#all.clear();
    this.#idle.length = 0;
  }

  #enter(signal: AbortSignal): Promise<void> | void {
    if (signal.aborted) return Promise.reject(reasonOf(signal));
    if (this.#running < this.#options.size) {
      this.#running++;
      return;
    }
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#line.splice(this.#line.indexOf(start), 1);
        reject(reasonOf(signal));
      };
      const start = () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      this.#line.push(start);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  #leave(): void {
    const next = this.#line.shift();
    if (next === undefined) this.#running--;
    else next();
  }

  #start(): Worker {
    const { url, heapMegabytes } = this.#options;
    const resourceLimits = heapMegabytes === null ? {} : { maxOldGenerationSizeMb: heapMegabytes };
    const worker = new Worker(url, { resourceLimits });
    worker.on('error', () => this.#forget(worker)).on('exit', () => this.#forget(worker));
    this.#all.add(worker);
    return worker;
  }

  #forget(worker: Worker): void {
    this.#all.delete(worker);
    const place = this.#idle.indexOf(worker);
    if (place >= 0) this.#idle.splice(place, 1);
  }

  #keep(worker: Worker): void {
    worker.unref();
    this.#idle.push(worker);
  }

  #end(worker: Worker): void {
    this.#all.delete(worker);
    worker.terminate().catch(() => {});
  }
}

async function ask<T>(
  worker: Worker,
  message: unknown,
  transfer: readonly ArrayBuffer[] = [],
  ended: Promise<never>,
): Promise<T> {
  const replied = Promise.withResolvers<WorkerReply>();
  const onMessage = (reply: WorkerReply) => replied.resolve(reply);
  worker.once('message', onMessage);
  try {
    worker.postMessage(message, [...transfer]);
    const reply = await Promise.race([replied.promise, ended]);
    if (!reply.ok) throw new DataForgeError(reply.code, reply.message, { cause: reply.detail });
    return reply.value as T;
  } finally {
    worker.off('message', onMessage);
  }
}

function reasonOf(signal: AbortSignal): DataForgeError {
  if (signal.reason instanceof DataForgeError) return signal.reason;
  return new DataForgeError('cancelled', 'The caller went away before the answer was ready.', { cause: signal.reason });
}

function failure(error: Error & { readonly code?: string }, heapMegabytes: number | null): DataForgeError {
  if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') return outOfMemory(heapMegabytes);
  return new DataForgeError('internal', 'The processor failed.', { cause: error });
}

function outOfMemory(heapMegabytes: number | null): DataForgeError {
  const limit = heapMegabytes === null ? 'its memory' : `the ${heapMegabytes} MB it may take`;
  return new DataForgeError(
    'resources_exhausted',
    `The processor needs more than ${limit}; narrow the filters, name fewer columns, or raise PROCESSOR_MEMORY.`,
  );
}
