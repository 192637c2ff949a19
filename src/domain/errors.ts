/**
 * The one catalogue of what can go wrong. A code says what kind of thing happened; presentation decides
 * how a protocol says it (`presentation/problem.ts`), and `docs/reference/errors.md` has a section for each.
 */
export const ERROR_TITLES = {
  invalid_value: 'A value breaks the rules of its property',
  invalid_body: 'The body cannot be read',
  invalid_filter: 'A filter is not valid',
  invalid_sort: 'A sort is not valid',
  invalid_page: 'The page, size or cursor is not valid',
  invalid_parameter: 'A parameter is not valid',
  invalid_sql: 'The query is not one that can be run here',
  unauthorized: 'A token is needed',
  forbidden: 'The caller may not do this',
  unknown_dataset: 'There is no such dataset',
  unknown_record: 'There is no such record',
  unknown_analysis: 'There is no such analysis',
  unknown_pipeline: 'There is no such pipeline',
  unknown_run: 'There is no such run',
  unknown_route: 'There is nothing at this address',
  method_not_allowed: 'This address does not take that method',
  not_acceptable: 'None of the accepted formats can be had here',
  query_timeout: 'The time limit of a query was reached',
  key_exists: 'A record with this key exists',
  idempotency_mismatch: 'The idempotency key was used with another body',
  history_trimmed: 'The history asked for is no longer kept',
  pipeline_busy: 'The pipeline has a run already',
  later_work: 'Later work stands on what is to be undone',
  source_failed: 'The source of a pipeline failed',
  version_moved: 'The record has changed since it was read',
  too_large: 'The request is larger than the limit',
  unsupported_by_engine: 'The engine cannot do this',
  unsupported_media_type: 'The body is in a format that is not taken here',
  too_many_requests: 'Too many requests at once',
  internal: 'Something failed inside',
  unavailable: 'The store or the server is not available now',
  resources_exhausted: 'The request needs more memory or disk than there is',
  cancelled: 'The caller went away',
  incompatible_schema: 'A dataset file does not fit what is stored',
  invalid_dataset_file: 'A dataset file is not valid',
  invalid_pipeline_file: 'A pipeline file is not valid',
  invalid_configuration: 'The configuration is not valid',
  store_locked: 'Another process has the store open',
  store_read_only: 'The store cannot be written',
  store_newer: 'The store was written by a newer version',
  store_damaged: 'The store cannot be read',
  store_unfinished: 'The store is an unfinished copy',
} as const;

export type ErrorCode = keyof typeof ERROR_TITLES;

/** One of several faults in one request; `pointer` is a JSON Pointer (RFC 6901) into what was sent. */
export interface Fault {
  readonly pointer: string;
  readonly message: string;
}

export interface ErrorOptions {
  /** Where several values are wrong, each of them. */
  readonly faults?: readonly Fault[];
  /** Machine-readable facts about the error, safe to show. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
  /** The same request may succeed when it is sent again, unchanged. */
  readonly retryable?: boolean;
}

/** The only error that crosses a port. `message` is one sentence: what is wrong, where, and how to mend it. */
export class DataForgeError extends Error {
  override readonly name = 'DataForgeError';
  readonly code: ErrorCode;
  readonly faults: readonly Fault[];
  readonly details: Readonly<Record<string, unknown>>;
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.faults = options.faults ?? [];
    this.details = options.details ?? {};
    this.retryable = options.retryable ?? false;
  }
}
