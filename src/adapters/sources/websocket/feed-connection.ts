import { isIP, type LookupFunction } from 'node:net';
import { type ClientOptions, WebSocket } from 'ws';
import type { SourceOpening } from '#application/ports/source.ts';
import { DataForgeError } from '#domain/errors.ts';
import { Authoriser, textOf } from '../shared/http/authorise.ts';
import { retryTime } from '../shared/http/retry-time.ts';
import type { FieldValue } from '../shared/incremental.ts';
import { reachHost } from '../shared/reach-host.ts';
import type { WebSocketOptions } from './websocket-options.ts';

const CONNECT_MS = 10_000;
const MOST_MESSAGE_BYTES = 64 * 1024 * 1024;
const PLACE = '{since}';
/** Answers that may be another one when the same is asked again. */
const MAY_PASS = new Set([408, 425, 429, 500, 502, 503, 504]);

/**
 * Connects and says what is to be said first. Messages wait until they are listened to.
 * @throws DataForgeError `source_failed`, `invalid_configuration`
 */
export async function connectFeed(
  options: WebSocketOptions,
  since: FieldValue | null,
  opening: SourceOpening,
): Promise<WebSocket> {
  const credentials = await new Authoriser(options.auth, opening).credentials();
  const url = new URL(options.url.replaceAll(PLACE, encodeURIComponent(since?.value ?? '')));
  for (const [name, value] of Object.entries(options.params)) url.searchParams.set(name, textOf(value, opening));
  for (const [name, value] of Object.entries(credentials.params)) url.searchParams.set(name, value);
  const headers = Object.entries(options.headers).map(([name, value]) => [name, textOf(value, opening)]);
  const { host } = await reachHost(url.hostname, opening);
  opening.signal.throwIfAborted();
  const socket = new WebSocket(url, [...options.protocols], {
    headers: { ...Object.fromEntries(headers), ...credentials.headers },
    handshakeTimeout: CONNECT_MS,
    maxPayload: MOST_MESSAGE_BYTES,
    ...(isIP(host) > 0 && { lookup: always(host) }),
  } as ClientOptions);
  await opened(socket, `${url.origin}${url.pathname}`, opening);
  // What comes while nobody listens yet is not lost.
  socket.pause();
  for (const message of options.send) socket.send(message.replaceAll(PLACE, jsonOf(since)));
  return socket;
}

function opened(socket: WebSocket, address: string, { signal, clock }: SourceOpening): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onAbort = () => socket.terminate();
  signal.addEventListener('abort', onAbort, { once: true });
  socket.once('open', resolve);
  socket.once('unexpected-response', (request, response) => {
    const { statusCode = 0, headers } = response;
    const retryAt = retryTime(new Headers(headers as Record<string, string>), clock.now());
    const details = { status: statusCode, ...(retryAt !== null && { retryAt }) };
    const message = `${address} answered ${statusCode} in the place of a WebSocket.`;
    reject(new DataForgeError('source_failed', message, { retryable: MAY_PASS.has(statusCode), details }));
    request.destroy();
  });
  socket.once('error', (cause) => {
    const message = `${address} cannot be reached: ${cause.message}.`;
    reject(signal.aborted ? signal.reason : new DataForgeError('source_failed', message, { cause, retryable: true }));
  });
  // Told above, and of no interest behind that.
  socket.on('error', () => {});
  return promise.finally(() => signal.removeEventListener('abort', onAbort));
}

function jsonOf(since: FieldValue | null): string {
  if (since === null) return 'null';
  return since.isNumber ? since.value : JSON.stringify(since.value);
}

/** Finds the address that was judged, whatever the name. */
function always(address: string): LookupFunction {
  const family = isIP(address);
  return (_host, options, callback) => {
    if (options.all) callback(null, [{ address, family }]);
    else callback(null, address, family);
  };
}
