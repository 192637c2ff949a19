import { DataForgeError } from '#domain/errors.ts';

/**
 * Where a worker finds the Arrow Flight of its server: at the host of the server's own address, for it may listen on all
 * that it has.
 * @param told where the server says that it listens
 * @param server its own address, `http://…` or `https://…`
 * @throws DataForgeError `invalid_configuration` where it is not served, or would carry a token in the clear that the server's own address keeps secret
 */
export function flightAddressOf(told: string | null, server: string): string {
  if (told === null) {
    throw invalid(
      `The server ${server} serves no Arrow Flight: put flight into its PROTOCOLS, or set DATA_TRANSFER=json for the worker.`,
    );
  }
  const { protocol, port } = new URL(told);
  const home = new URL(server);
  if (home.protocol === 'https:' && protocol !== 'grpc+tls:') {
    throw invalid(
      `The server ${server} serves Arrow Flight without TLS: set its FLIGHT_TLS_CERT and FLIGHT_TLS_KEY, or DATA_TRANSFER=json for the worker.`,
    );
  }
  return `${protocol}//${home.hostname}:${port}`;
}

function invalid(message: string): DataForgeError {
  return new DataForgeError('invalid_configuration', message);
}
