import { Client, type ClientOptions, credentials, type Metadata } from '@grpc/grpc-js';
import type { SourceOpening } from '#application/ports/source.ts';
import {
  Action,
  ActionResult,
  Criteria,
  FlightData,
  FlightDescriptor,
  FlightInfo,
  Handshake,
  PutResult,
  SchemaResult,
  Ticket,
} from '#formats/flight/flight-messages.ts';
import type { MessageCodec } from '#formats/flight/protobuf.ts';
import { reachHost } from '../shared/reach-host.ts';
import { flightError } from './flight-errors.ts';

interface ConnectionOptions {
  readonly url: string;
  readonly authority: Buffer | null;
  /** Milliseconds that one call may take. */
  readonly timeout: number;
  readonly opening: SourceOpening;
}

const KEEPALIVE_MS = 20_000;

/** One server of Arrow Flight. */
export class FlightConnection {
  readonly #client: Client;
  readonly #timeout: number;
  readonly #signal: AbortSignal;

  private constructor(client: Client, timeout: number, signal: AbortSignal) {
    this.#client = client;
    this.#timeout = timeout;
    this.#signal = signal;
  }

  /** @throws DataForgeError `invalid_configuration` for an address that is forbidden */
  static async open({ url, authority, timeout, opening }: ConnectionOptions): Promise<FlightConnection> {
    const { hostname, port, protocol } = new URL(url);
    const { host, serverName } = await reachHost(hostname, opening);
    const isSecure = protocol === 'grpc+tls:';
    const address = host.includes(':') ? `[${host}]` : host;
    const options: ClientOptions = {
      'grpc.max_receive_message_length': -1,
      'grpc.keepalive_time_ms': KEEPALIVE_MS,
      // Each connection is its own, and ends with the run.
      'grpc.use_local_subchannel_pool': 1,
      ...(serverName !== null && {
        'grpc.default_authority': port === '' ? serverName : `${serverName}:${port}`,
        'grpc.ssl_target_name_override': serverName,
      }),
    };
    const target = `${address}:${port || (isSecure ? 443 : 80)}`;
    const security = isSecure ? credentials.createSsl(authority) : credentials.createInsecure();
    return new FlightConnection(new Client(target, security, options), timeout, opening.signal);
  }

  flightInfo(descriptor: Partial<FlightDescriptor>, metadata: Metadata): Promise<FlightInfo> {
    return this.#ask('GetFlightInfo', FlightDescriptor, FlightInfo, descriptor, metadata);
  }

  async schema(descriptor: Partial<FlightDescriptor>, metadata: Metadata): Promise<Uint8Array> {
    return (await this.#ask('GetSchema', FlightDescriptor, SchemaResult, descriptor, metadata)).schema;
  }

  async list(metadata: Metadata): Promise<readonly FlightInfo[]> {
    const call = this.#client.makeServerStreamRequest(
      pathOf('ListFlights'),
      (value: Partial<Criteria>) => Criteria.encode(value),
      (bytes: Buffer) => FlightInfo.decode(bytes),
      {},
      metadata,
      this.#limits(),
    );
    try {
      return await Array.fromAsync(call as AsyncIterable<FlightInfo>);
    } catch (error) {
      throw flightError(error, this.#signal);
    }
  }

  /** The messages of a flight, as fast as they are taken; the server is told when nobody takes more. */
  async *get(ticket: Uint8Array, metadata: Metadata): AsyncGenerator<FlightData> {
    this.#signal.throwIfAborted();
    const call = this.#client.makeServerStreamRequest(
      pathOf('DoGet'),
      (value: Partial<{ ticket: Uint8Array }>) => Ticket.encode(value),
      (bytes: Buffer) => FlightData.decode(bytes),
      { ticket },
      metadata,
      this.#limits(),
    );
    const onAbort = () => call.cancel();
    this.#signal.addEventListener('abort', onAbort, { once: true });
    try {
      for await (const message of call as AsyncIterable<FlightData>) {
        this.#signal.throwIfAborted();
        yield message;
      }
    } catch (error) {
      throw flightError(error, this.#signal);
    } finally {
      this.#signal.removeEventListener('abort', onAbort);
      call.on('error', () => {});
      call.cancel();
    }
  }

  /** @returns the headers of the answer, and its payload */
  handshake(payload: Uint8Array, metadata: Metadata): Promise<{ headers: Metadata; payload: Uint8Array }> {
    const said = Promise.withResolvers<{ headers: Metadata; payload: Uint8Array }>();
    const call = this.#client.makeBidiStreamRequest(
      pathOf('Handshake'),
      (value: Partial<{ payload: Uint8Array }>) => Handshake.encode(value),
      (bytes: Buffer) => Handshake.decode(bytes),
      metadata,
      this.#limits(),
    );
    let headers = metadata;
    let answer: Uint8Array = new Uint8Array(0);
    call.on('metadata', (received: Metadata) => {
      headers = received;
    });
    call.on('data', (message: { readonly payload: Uint8Array }) => {
      answer = message.payload;
    });
    call.on('end', () => said.resolve({ headers, payload: answer }));
    call.on('error', (error) => said.reject(flightError(error, this.#signal)));
    call.write({ payload });
    call.end();
    return said.promise;
  }

  /** The results of an action. */
  async action(type: string, body: Uint8Array, metadata: Metadata, timeout = this.#timeout): Promise<Uint8Array[]> {
    const call = this.#client.makeServerStreamRequest(
      pathOf('DoAction'),
      (value: Partial<{ type: string; body: Uint8Array }>) => Action.encode(value),
      (bytes: Buffer) => ActionResult.decode(bytes),
      { type, body },
      metadata,
      this.#limits(timeout),
    );
    try {
      return await Array.fromAsync(call as AsyncIterable<{ readonly body: Uint8Array }>, (result) => result.body);
    } catch (error) {
      throw flightError(error, this.#signal);
    }
  }

  /** Puts messages. @returns what the server says of them, if anything */
  put(messages: readonly Partial<FlightData>[], metadata: Metadata): Promise<Uint8Array | null> {
    const said = Promise.withResolvers<Uint8Array | null>();
    const call = this.#client.makeBidiStreamRequest(
      pathOf('DoPut'),
      (value: Partial<FlightData>) => FlightData.encode(value),
      (bytes: Buffer) => PutResult.decode(bytes),
      metadata,
      this.#limits(),
    );
    let answer: Uint8Array | null = null;
    call.on('data', (result: { readonly appMetadata: Uint8Array }) => {
      answer = result.appMetadata;
    });
    call.on('end', () => said.resolve(answer));
    call.on('error', (error) => said.reject(flightError(error, this.#signal)));
    for (const message of messages) call.write(message);
    call.end();
    return said.promise;
  }

  close(): void {
    this.#client.close();
  }

  #ask<Q, S>(
    method: string,
    request: MessageCodec<Q>,
    response: MessageCodec<S>,
    value: Partial<Q>,
    metadata: Metadata,
  ): Promise<S> {
    this.#signal.throwIfAborted();
    const said = Promise.withResolvers<S>();
    const call = this.#client.makeUnaryRequest(
      pathOf(method),
      (asked: Partial<Q>) => request.encode(asked),
      (bytes: Buffer) => response.decode(bytes),
      value,
      metadata,
      this.#limits(),
      (error, answer) => {
        if (error !== null || answer === undefined) said.reject(flightError(error, this.#signal));
        else said.resolve(answer);
      },
    );
    const onAbort = () => call.cancel();
    this.#signal.addEventListener('abort', onAbort, { once: true });
    return said.promise.finally(() => this.#signal.removeEventListener('abort', onAbort));
  }

  #limits(timeout = this.#timeout): { deadline: number } {
    return { deadline: Date.now() + timeout };
  }
}

function pathOf(method: string): string {
  return `/arrow.flight.protocol.FlightService/${method}`;
}
