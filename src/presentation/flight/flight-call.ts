import { Metadata, type ServerErrorResponse, type status } from '@grpc/grpc-js';
import type { Call } from '#application/call.ts';
import { Observation } from '#application/observe.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { AccessTokens } from '../access-tokens.ts';
import { PROBLEMS, problemOf, toDataForgeError } from '../problem.ts';

/** What every kind of gRPC call has. */
export interface GrpcCall {
  readonly metadata: Metadata;
  readonly cancelled: boolean;
  getPeer(): string;
  on(event: 'cancelled', listener: () => void): unknown;
}

/**
 * The call of a use case: who asks, and a signal that fires when the client leaves.
 * @throws DataForgeError `unauthorized`
 */
export function callOf(tokens: AccessTokens, call: GrpcCall): Call {
  const [authorization] = call.metadata.get('authorization');
  const caller = tokens.identify(authorization?.toString());
  if (caller === null) {
    throw new DataForgeError('unauthorized', 'This server asks for a token; send "authorization: Bearer SECRET".');
  }
  const controller = new AbortController();
  const leave = () => controller.abort(new DataForgeError('cancelled', 'The client went away.'));
  if (call.cancelled) leave();
  else call.on('cancelled', leave);
  const observation = new Observation();
  observation.traceParent = call.metadata.get('traceparent')[0]?.toString() ?? null;
  return { caller, signal: controller.signal, observation };
}

/** An error as gRPC says it: the status of the one table, the sentence, the code and the faults beside it. */
export function statusOf(error: unknown): ServerErrorResponse {
  const known = toDataForgeError(error);
  const metadata = new Metadata();
  metadata.set('data-forge-code', known.code);
  const { errors } = problemOf(known);
  if (errors !== undefined) metadata.set('data-forge-errors-bin', Buffer.from(JSON.stringify(errors.slice(0, 20))));
  return Object.assign(new Error(known.message), {
    code: PROBLEMS[known.code].grpc as status,
    details: known.message,
    metadata,
  });
}
