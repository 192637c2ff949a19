import { parentPort } from 'node:worker_threads';
import { DataForgeError } from '#domain/errors.ts';
import type { WorkerReply } from './worker-pool.ts';

export interface Answer {
  readonly value: unknown;
  /** Buffers that are given away with it. */
  readonly transfer?: readonly ArrayBuffer[];
}

/** The other end of a `WorkerSession`: answers one message after another. */
export function serveMessages<M>(answer: (message: M) => Answer | Promise<Answer>): void {
  const port = parentPort;
  if (port === null) throw new Error('this module runs in a worker thread');
  port.on('message', async (message: M) => {
    try {
      const { value, transfer = [] } = await answer(message);
      port.postMessage({ ok: true, value } satisfies WorkerReply, [...transfer]);
    } catch (error) {
      port.postMessage(refusal(error));
    }
  });
}

function refusal(error: unknown): WorkerReply {
  if (error instanceof DataForgeError) return { ok: false, code: error.code, message: error.message, detail: null };
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { ok: false, code: 'internal', message: 'The processor failed.', detail };
}
