import { parentPort } from 'node:worker_threads';
import { translateSqliteError } from './sqlite-errors.ts';
import type { Calls } from './sqlite-thread.ts';
import { type FromWorker, fromWireError, STOPPED, type ToWorker, toWireError } from './sqlite-wire.ts';

/** What a method of a worker knows of the call it works on. */
interface CallContext {
  /** Whether the caller has gone. */
  readonly isStopped: () => boolean;
  /** Asks the caller something that only the main thread knows. */
  readonly ask: (question: unknown) => Promise<unknown>;
}

export type Methods<C extends Calls> = {
  readonly [M in keyof C]: (argument: C[M]['argument'], context: CallContext) => Answer<C[M]['result']>;
};

/** Of a method that answers nothing it does not matter what it gives back. */
type Answer<R> = undefined extends R ? unknown : R | Promise<R>;

/** Answers the calls of the main thread until it ends this one. */
export function serveCalls<C extends Calls>(methods: Methods<C>): void {
  const port = parentPort;
  if (port === null) throw new Error('this script is the body of a worker thread');
  const questions = new Map<number, PromiseWithResolvers<unknown>>();
  const post = (message: FromWorker) => port.postMessage(message, buffersOf(message));

  const answer = async ({ id, method, argument, stop }: ToWorker & { kind: 'call' }) => {
    const flag = stop === null ? null : new Int32Array(stop);
    const context: CallContext = {
      isStopped: () => flag !== null && Atomics.load(flag, 0) === STOPPED,
      ask: (value) => {
        const question = Promise.withResolvers<unknown>();
        questions.set(id, question);
        post({ kind: 'question', id, value });
        return question.promise;
      },
    };
    try {
      const work = methods[method];
      if (work === undefined) throw new TypeError(`this worker knows no ${method}`);
      const value = await work(argument, context);
      post({ kind: 'result', id, value });
    } catch (error) {
      post({ kind: 'failure', id, error: toWireError(translateSqliteError(error)) });
    }
  };

  port.on('message', (message: ToWorker) => {
    if (message.kind === 'call') {
      void answer(message);
      return;
    }
    const question = questions.get(message.id);
    questions.delete(message.id);
    if (message.kind === 'reply') question?.resolve(message.value);
    else question?.reject(fromWireError(message.error));
  });
}

/** Bytes that are handed over instead of copied: those of a block of a stream. */
function buffersOf(message: FromWorker): ArrayBuffer[] {
  if (message.kind !== 'result' || !(message.value instanceof Uint8Array)) return [];
  const { buffer, byteLength } = message.value;
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [];
}
