import { Metadata, type ServiceError, status } from '@grpc/grpc-js';

/** What is known of a call of gRPC that failed. */
export interface FailedCall {
  readonly status: status;
  /** The name of the status. */
  readonly statusName: string;
  /** What the server, or the transport, says of it. */
  readonly said: string;
  readonly trailers: Metadata;
  /** The same call may succeed later. */
  readonly mayPass: boolean;
}

const MAY_PASS = new Set<status>([
  status.UNAVAILABLE,
  status.RESOURCE_EXHAUSTED,
  status.ABORTED,
  status.DEADLINE_EXCEEDED,
  status.CANCELLED,
]);
/** What a connection that broke is called where it has no status of its own. */
const BROKEN = /RST_STREAM|ECONNRESET|EPIPE|socket hang up|Stream removed|connection (was )?(reset|closed|dropped)/i;

export function failedCall(error: unknown): FailedCall {
  const {
    code = status.UNKNOWN,
    details,
    message = '',
    metadata = new Metadata(),
  } = (error ?? {}) as Partial<ServiceError>;
  const said = (details || message).replace(/\s+/g, ' ').slice(0, 500);
  return {
    status: code,
    statusName: status[code] ?? String(code),
    said,
    trailers: metadata,
    mayPass: MAY_PASS.has(code) || BROKEN.test(said),
  };
}
