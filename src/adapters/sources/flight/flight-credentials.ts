import { Metadata, status } from '@grpc/grpc-js';
import type { FlightConnection } from '#adapters/shared/flight/flight-connection.ts';
import type { SourceOpening } from '#application/ports/source.ts';
import { DataForgeError } from '#domain/errors.ts';
import { BasicAuth } from '#formats/flight/flight-messages.ts';
import { textOf } from '../shared/http/authorise.ts';
import type { FlightOptions } from './flight-options.ts';

/**
 * The headers of every call. Of a user and a password the handshake makes a token; a server without one takes them as
 * they are.
 */
export async function credentialsOf(
  { auth, headers }: FlightOptions,
  connection: FlightConnection,
  opening: SourceOpening,
): Promise<Metadata> {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name.toLowerCase(), textOf(value, opening));
  if (auth?.kind === 'bearer') metadata.set('authorization', `Bearer ${textOf(auth.token, opening)}`);
  if (auth?.kind !== 'basic') return metadata;
  const [username, password] = [textOf(auth.user, opening), textOf(auth.password, opening)];
  metadata.set('authorization', `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`);
  const answer = await connection.handshake(BasicAuth.encode({ username, password }), metadata).catch((error) => {
    if (isUnimplemented(error)) return null;
    throw error;
  });
  const [given] = answer?.headers.get('authorization') ?? [];
  if (given !== undefined && answer?.headers !== metadata) metadata.set('authorization', given);
  else if (answer !== null && answer.payload.length > 0) {
    metadata.set('authorization', `Bearer ${Buffer.from(answer.payload).toString()}`);
  }
  return metadata;
}

function isUnimplemented(error: unknown): boolean {
  return error instanceof DataForgeError && error.details.status === status.UNIMPLEMENTED;
}
