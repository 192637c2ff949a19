import type { GrpcCall } from './flight-call.ts';

/** The sending side of a call that answers with a stream. */
export interface Outgoing<T> extends GrpcCall {
  write(message: T, sent: (error?: Error | null) => void): boolean;
}

/**
 * Sends messages one behind the other: the next is asked for while one is on its way, and sent once the transport
 * has taken the one before. Ends the source where the client leaves.
 */
export async function sendAll<T>(call: Outgoing<T>, messages: AsyncIterable<T>, signal: AbortSignal): Promise<void> {
  let release = () => {};
  const leave = () => release();
  signal.addEventListener('abort', leave, { once: true });
  let sending: Promise<void> = Promise.resolve();
  try {
    for await (const message of messages) {
      await sending;
      if (signal.aborted) return;
      sending = new Promise<void>((resolve) => {
        release = resolve;
        call.write(message, () => resolve());
      });
    }
    await sending;
  } finally {
    signal.removeEventListener('abort', leave);
  }
}
