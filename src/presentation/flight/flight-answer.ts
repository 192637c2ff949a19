import { randomUUID } from 'node:crypto';
import type { Call } from '#application/call.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { AnsweredRequest } from '#domain/run/answered-request.ts';
import { PROBLEMS, toDataForgeError } from '../problem.ts';

export interface EndedCall {
  /** The name of the method. */
  readonly route: string;
  readonly duration: number;
  readonly address: string;
  /** Null where it was not said who calls. */
  readonly call: Call | null;
  /** What was thrown; null where all went well. */
  readonly error: unknown;
}

export function answerOf({ route, duration, address, call, error }: EndedCall): AnsweredRequest {
  const code = error === null ? null : toDataForgeError(error).code;
  return {
    protocol: 'flight',
    method: 'POST',
    route,
    status: code === null ? 200 : PROBLEMS[code].http,
    duration,
    dataset: call?.observation.dataset ?? null,
    processor: call?.observation.processor ?? null,
    bytesOut: call?.observation.bytes ?? 0,
    requestId: randomUUID(),
    traceParent: call?.observation.traceParent ?? null,
    caller: call?.caller.name ?? 'nobody',
    address,
    code,
    rows: call?.observation.rows ?? 0,
    parts: call?.observation.parts ?? {},
    plan: null,
    explain: call?.observation.explain ?? null,
    error: error instanceof DataForgeError ? (error.cause ?? error) : error,
  };
}
