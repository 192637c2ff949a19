import { DataForgeError, type ErrorCode, type Fault } from '#domain/errors.ts';

/** What one thread of the engine sends another. Each call has a number that its answers carry. */
export type ToWorker =
  | {
      readonly kind: 'call';
      readonly id: number;
      readonly method: string;
      readonly argument: unknown;
      readonly stop: SharedArrayBuffer | null;
    }
  /** The answer to a question that the worker asked while it worked on a call. */
  | { readonly kind: 'reply'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'reply-failure'; readonly id: number; readonly error: WireError };

export type FromWorker =
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly error: WireError }
  | { readonly kind: 'question'; readonly id: number; readonly value: unknown };

/** An error as structured cloning leaves it whole. */
export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly faults: readonly Fault[];
  readonly details: Readonly<Record<string, unknown>>;
  readonly retryable: boolean;
  readonly cause: string | null;
}

export function toWireError(error: DataForgeError): WireError {
  const { code, message, faults, details, retryable, cause } = error;
  const told = cause instanceof Error ? (cause.stack ?? cause.message) : cause === undefined ? null : String(cause);
  return { code, message, faults, details, retryable, cause: told };
}

export function fromWireError({ code, message, cause, ...rest }: WireError): DataForgeError {
  return new DataForgeError(code, message, { ...rest, ...(cause === null ? {} : { cause: new Error(cause) }) });
}

/** What a flag of `ToWorker` holds where the caller no longer wants the answer. */
export const STOPPED = 1;
