import { DataForgeError } from '#domain/errors.ts';

/** Why work that a signal ended did not finish. */
export function abortError(signal: AbortSignal): DataForgeError {
  const { reason } = signal;
  if (reason instanceof DataForgeError) return reason;
  return new DataForgeError('cancelled', 'The caller went away before the work was done.', { cause: reason });
}

export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw abortError(signal);
}

/** The same blocks, until the signal ends them, even while one is awaited. */
export async function* abortable<T>(blocks: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  throwIfAborted(signal);
  const aborted = Promise.withResolvers<never>();
  aborted.promise.catch(() => {});
  const onAbort = () => aborted.reject(abortError(signal));
  signal.addEventListener('abort', onAbort, { once: true });
  const iterator = blocks[Symbol.asyncIterator]();
  let finished = false;
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), aborted.promise]);
      if (next.done) {
        finished = true;
        return;
      }
      yield next.value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    if (!finished) iterator.return?.().catch(() => {});
  }
}
