import { status } from '@grpc/grpc-js';
import { DataForgeError } from '#domain/errors.ts';

const MAY_PASS = new Set<number>([
  status.UNAVAILABLE,
  status.RESOURCE_EXHAUSTED,
  status.ABORTED,
  status.DEADLINE_EXCEEDED,
  status.CANCELLED,
]);
/** What a connection that broke is called where it has no status of its own. */
const BROKEN = /RST_STREAM|ECONNRESET|EPIPE|socket hang up|Stream removed|connection (was )?(reset|closed|dropped)/i;

/** What a call throws, as the door of a source tells it. */
export function flightError(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof DataForgeError) return error;
  const {
    code = status.UNKNOWN,
    details,
    message = '',
  } = (error ?? {}) as {
    readonly code?: number;
    readonly details?: string;
    readonly message?: string;
  };
  const said = (details || message).replace(/\s+/g, ' ').slice(0, 500);
  return new DataForgeError('source_failed', `The server says ${status[code] ?? code}: ${said}`, {
    cause: error,
    retryable: MAY_PASS.has(code) || BROKEN.test(said),
    details: { status: code },
  });
}
