import { FlightConnection } from '#adapters/shared/flight/flight-connection.ts';
import type { SourceOpening } from '#application/ports/source.ts';
import { reachHost } from '../shared/reach-host.ts';
import { flightError } from './flight-errors.ts';

interface ConnectOptions {
  /** `grpc://HOST:PORT` or `grpc+tls://HOST:PORT`. */
  readonly url: string;
  readonly authority: Buffer | null;
  /** Milliseconds that one call may take. */
  readonly timeout: number;
  readonly opening: SourceOpening;
}

/**
 * Opens a connection that tells what goes wrong as the failures of a source.
 * @throws DataForgeError `invalid_configuration` for an address that is forbidden
 */
export async function connect({ url, authority, timeout, opening }: ConnectOptions): Promise<FlightConnection> {
  const { hostname, port, protocol } = new URL(url);
  const { host, serverName } = await reachHost(hostname, opening);
  const isSecure = protocol === 'grpc+tls:';
  return new FlightConnection({
    host,
    port: port === '' ? (isSecure ? 443 : 80) : Number(port),
    serverName,
    isSecure,
    authority,
    timeout,
    signal: opening.signal,
    errorOf: flightError,
  });
}
