import { failedCall } from '#adapters/shared/flight/failed-call.ts';
import { DataForgeError } from '#domain/errors.ts';

/** What a call throws, as the door of a source tells it. */
export function flightError(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof DataForgeError) return error;
  const { status, statusName, said, mayPass } = failedCall(error);
  return new DataForgeError('source_failed', `The server says ${statusName}: ${said}`, {
    cause: error,
    retryable: mayPass,
    details: { status },
  });
}
