import { DataForgeError } from '#domain/errors.ts';

/** The reason given by a signal that fired, as an error that may cross a port. */
export function abortError(signal: AbortSignal): DataForgeError {
  if (signal.reason instanceof DataForgeError) return signal.reason;
  return new DataForgeError('cancelled', 'The caller went away before the answer was ready.', { cause: signal.reason });
}

function timeoutError(limit: number): DataForgeError {
  return new DataForgeError(
    'query_timeout',
    `The time limit of ${limit / 1000} s was reached; narrow the query, or raise the limit in the configuration.`,
    { details: { limit_ms: limit } },
  );
}

interface TimeLimit {
  readonly signal: AbortSignal;
  readonly end: () => void;
}

/** A signal that fires when `outer` does or when the time is over, whichever comes first. `end` must be called. */
export function startTimeLimit(outer: AbortSignal, limit: number): TimeLimit {
  const controller = new AbortController();
  if (outer.aborted) {
    controller.abort(abortError(outer));
    return { signal: controller.signal, end: () => {} };
  }
  const onAbort = () => controller.abort(abortError(outer));
  const timer = setTimeout(() => controller.abort(timeoutError(limit)), limit);
  outer.addEventListener('abort', onAbort, { once: true });
  const end = () => {
    clearTimeout(timer);
    outer.removeEventListener('abort', onAbort);
  };
  return { signal: controller.signal, end };
}

/** Runs `work` under a time limit. */
export async function withTimeLimit<T>(
  outer: AbortSignal,
  limit: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { signal, end } = startTimeLimit(outer, limit);
  try {
    return await work(signal);
  } finally {
    end();
  }
}

/** Passes a stream on under a time limit; `open` gets the signal that ends it. */
export async function* streamWithTimeLimit<T>(
  outer: AbortSignal,
  limit: number,
  open: (signal: AbortSignal) => AsyncIterable<T>,
): AsyncGenerator<T> {
  const { signal, end } = startTimeLimit(outer, limit);
  try {
    for await (const item of open(signal)) {
      if (signal.aborted) throw abortError(signal);
      yield item;
    }
    // An engine that is interrupted between two blocks may just end: half must not be taken for the whole.
    if (signal.aborted) throw abortError(signal);
  } finally {
    end();
  }
}
