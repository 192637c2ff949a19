import { DataForgeError, ERROR_TITLES, type ErrorCode, type Fault } from '#domain/errors.ts';

/** How each protocol says an error. */
export interface ProblemWords {
  readonly http: number;
  /** Number of the gRPC status. */
  readonly grpc: number;
  /** `extensions.kind` of a GraphQL error, beside the code. */
  readonly graphql: string;
  /** A WebSocket answers with an error frame; where it has to close, with this code. */
  readonly webSocketClose: number;
  /** What the command line ends with. */
  readonly exit: number;
}

const GRPC = {
  cancelled: 1,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
} as const;

/** 1007 a bad message, 1008 a rule broken, 1009 too big, 1011 a fault of ours, 1013 try again later. */
type CloseCode = 1000 | 1007 | 1008 | 1009 | 1011 | 1013;

/** Exit codes: 1 a fault of ours, 2 wrong use, 3 not found, 4 refused, 5 conflict, 6 not available now, 7 too much, 130 broken off. */
type ExitCode = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 130;

function words(http: number, grpc: keyof typeof GRPC, graphql: string, webSocketClose: CloseCode, exit: ExitCode) {
  return { http, grpc: GRPC[grpc], graphql, webSocketClose, exit };
}

/** The one table of what an error code means outside. `docs/reference/errors.md` shows it, and a test compares both. */
export const PROBLEMS: Readonly<Record<ErrorCode, ProblemWords>> = {
  invalid_value: words(400, 'invalidArgument', 'BAD_USER_INPUT', 1007, 2),
  invalid_body: words(400, 'invalidArgument', 'BAD_USER_INPUT', 1007, 2),
  invalid_filter: words(400, 'invalidArgument', 'BAD_USER_INPUT', 1007, 2),
  invalid_sort: words(400, 'invalidArgument', 'BAD_USER_INPUT', 1007, 2),
  invalid_page: words(400, 'invalidArgument', 'BAD_USER_INPUT', 1007, 2),
  invalid_parameter: words(400, 'invalidArgument', 'BAD_USER_INPUT', 1007, 2),
  invalid_sql: words(400, 'invalidArgument', 'BAD_USER_INPUT', 1007, 2),
  unauthorized: words(401, 'unauthenticated', 'UNAUTHENTICATED', 1008, 4),
  forbidden: words(403, 'permissionDenied', 'FORBIDDEN', 1008, 4),
  unknown_dataset: words(404, 'notFound', 'NOT_FOUND', 1008, 3),
  unknown_record: words(404, 'notFound', 'NOT_FOUND', 1008, 3),
  unknown_analysis: words(404, 'notFound', 'NOT_FOUND', 1008, 3),
  unknown_pipeline: words(404, 'notFound', 'NOT_FOUND', 1008, 3),
  unknown_run: words(404, 'notFound', 'NOT_FOUND', 1008, 3),
  unknown_route: words(404, 'unimplemented', 'NOT_FOUND', 1008, 3),
  method_not_allowed: words(405, 'unimplemented', 'BAD_REQUEST', 1008, 2),
  not_acceptable: words(406, 'invalidArgument', 'BAD_REQUEST', 1008, 2),
  query_timeout: words(408, 'deadlineExceeded', 'TIMEOUT', 1013, 6),
  key_exists: words(409, 'alreadyExists', 'CONFLICT', 1008, 5),
  idempotency_mismatch: words(409, 'failedPrecondition', 'CONFLICT', 1008, 5),
  pipeline_busy: words(409, 'aborted', 'CONFLICT', 1008, 5),
  later_work: words(409, 'failedPrecondition', 'CONFLICT', 1008, 5),
  source_failed: words(502, 'unavailable', 'UNAVAILABLE', 1013, 6),
  history_trimmed: words(410, 'outOfRange', 'GONE', 1008, 3),
  version_moved: words(412, 'aborted', 'CONFLICT', 1008, 5),
  too_large: words(413, 'resourceExhausted', 'TOO_LARGE', 1009, 7),
  unsupported_media_type: words(415, 'invalidArgument', 'BAD_REQUEST', 1007, 2),
  too_many_requests: words(429, 'resourceExhausted', 'TOO_MANY_REQUESTS', 1013, 6),
  unsupported_by_engine: words(501, 'unimplemented', 'NOT_IMPLEMENTED', 1008, 2),
  cancelled: words(499, 'cancelled', 'CANCELLED', 1000, 130),
  internal: words(500, 'internal', 'INTERNAL_SERVER_ERROR', 1011, 1),
  unavailable: words(503, 'unavailable', 'UNAVAILABLE', 1013, 6),
  resources_exhausted: words(507, 'resourceExhausted', 'RESOURCES_EXHAUSTED', 1013, 7),
  incompatible_schema: words(409, 'failedPrecondition', 'CONFLICT', 1008, 5),
  invalid_dataset_file: words(409, 'failedPrecondition', 'CONFLICT', 1008, 2),
  invalid_pipeline_file: words(409, 'failedPrecondition', 'CONFLICT', 1008, 2),
  invalid_configuration: words(500, 'failedPrecondition', 'INTERNAL_SERVER_ERROR', 1011, 2),
  store_locked: words(503, 'unavailable', 'UNAVAILABLE', 1013, 6),
  store_read_only: words(503, 'unavailable', 'UNAVAILABLE', 1013, 6),
  store_newer: words(503, 'failedPrecondition', 'UNAVAILABLE', 1013, 6),
  store_damaged: words(503, 'dataLoss', 'UNAVAILABLE', 1013, 6),
  store_unfinished: words(503, 'failedPrecondition', 'UNAVAILABLE', 1013, 6),
};

/** The page that explains a code; the server shows it itself. */
function problemType(code: ErrorCode): string {
  return `/docs/errors#${code}`;
}

/** An RFC 9457 problem. */
export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly instance?: string;
  readonly errors?: readonly Fault[];
  readonly details?: Readonly<Record<string, unknown>>;
}

/** What anybody may see of an error: what is not ours to explain becomes `internal`, and says nothing of its cause. */
export function problemOf(error: unknown, instance?: string, status?: number): ProblemBody {
  const known = toDataForgeError(error);
  return {
    type: problemType(known.code),
    title: ERROR_TITLES[known.code],
    status: status ?? PROBLEMS[known.code].http,
    detail: known.message,
    code: known.code,
    ...(instance === undefined ? {} : { instance }),
    ...(known.faults.length > 0 ? { errors: known.faults } : {}),
    ...(Object.keys(known.details).length > 0 ? { details: known.details } : {}),
  };
}

export function toDataForgeError(error: unknown): DataForgeError {
  if (error instanceof DataForgeError) return error;
  return new DataForgeError(
    'internal',
    'Something failed inside; the log of the server has more under this request id.',
    {
      cause: error,
    },
  );
}
