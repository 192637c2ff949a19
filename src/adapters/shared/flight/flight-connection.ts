import { type ChannelOptions, Client, type ClientDuplexStream, credentials, type Metadata } from '@grpc/grpc-js';
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

/** A server of Arrow Flight, and how its calls are to be. */
export interface FlightServerOptions {
  /** A name or an address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** The name that the server's certificate has to have, where that is not the host. */
  readonly serverName: string | null;
  readonly isSecure: boolean;
  /** A PEM text of who may sign that certificate; null: whom this process trusts. */
  readonly authority: Buffer | null;
  /** Milliseconds that one call may take. */
  readonly timeout: number;
  /** Ends every call. */
  readonly signal: AbortSignal;
  /** What is thrown in the place of what a call throws. */
  readonly errorOf: (error: unknown, signal: AbortSignal) => unknown;
}

const KEEPALIVE_MS = 20_000;

type Put = ClientDuplexStream<Partial<FlightData>, { readonly appMetadata: Uint8Array }>;

/** A connection to one server of Arrow Flight. */
export class FlightConnection {
  readonly #client: Client;
  readonly #timeout: number;
  readonly #signal: AbortSignal;
  readonly #errorOf: FlightServerOptions['errorOf'];

  constructor(options: FlightServerOptions) {
    const { host, port, serverName, isSecure, authority } = options;
    const channel: ChannelOptions = {
      'grpc.max_receive_message_length': -1,
      'grpc.keepalive_time_ms': KEEPALIVE_MS,
      // Each connection is its own, and ends with whoever opened it.
      'grpc.use_local_subchannel_pool': 1,
      ...(serverName !== null && {
        'grpc.default_authority': `${serverName}:${port}`,
        'grpc.ssl_target_name_override': serverName,
      }),
    };
    const security = isSecure ? credentials.createSsl(authority) : credentials.createInsecure();
    this.#client = new Client(`${host.includes(':') ? `[${host}]` : host}:${port}`, security, channel);
    this.#timeout = options.timeout;
    this.#signal = options.signal;
    this.#errorOf = options.errorOf;
  }

  /** Waits until there is a connection, for so many milliseconds at most. */
  ready(milliseconds: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#client.waitForReady(Date.now() + milliseconds, (error) =>
        error ? reject(this.#errorOf(error, this.#signal)) : resolve(),
      );
    });
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
      throw this.#errorOf(error, this.#signal);
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
      throw this.#errorOf(error, this.#signal);
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
    call.on('error', (error) => said.reject(this.#errorOf(error, this.#signal)));
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
      throw this.#errorOf(error, this.#signal);
    }
  }

  /**
   * Puts messages, each asked for while the one before is on its way. Where the server answers before it has all of
   * them, the others are not asked for.
   * @param signal ends this call
   * @returns what the server says of them, if anything
   * @throws what `messages` throw: the call is cancelled then, and the server never sees its end
   */
  async put(
    messages: AsyncIterable<Partial<FlightData>>,
    metadata: Metadata,
    signal = this.#signal,
  ): Promise<Uint8Array | null> {
    const source = messages[Symbol.asyncIterator]();
    if (signal.aborted) {
      await source.return?.();
      throw this.#errorOf(signal.reason, signal);
    }
    const call: Put = this.#client.makeBidiStreamRequest(
      pathOf('DoPut'),
      (value: Partial<FlightData>) => FlightData.encode(value),
      (bytes: Buffer) => PutResult.decode(bytes),
      metadata,
      this.#limits(),
    );
    const said = Promise.withResolvers<Uint8Array | null>();
    let answer: Uint8Array | null = null;
    call.on('data', (result) => {
      answer = result.appMetadata;
    });
    call.on('end', () => said.resolve(answer));
    call.on('error', (error) => said.reject(this.#errorOf(error, signal)));
    const cancel = () => call.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      await sendAll(call, source, said.promise);
      return await said.promise;
    } catch (error) {
      call.cancel();
      throw error;
    } finally {
      signal.removeEventListener('abort', cancel);
    }
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
        if (error !== null || answer === undefined) said.reject(this.#errorOf(error, this.#signal));
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

/** Writes messages until they are at an end, or `answered` settles. */
async function sendAll(
  call: Put,
  messages: AsyncIterator<Partial<FlightData>>,
  answered: Promise<unknown>,
): Promise<void> {
  const over = answered.then(
    () => null,
    () => null,
  );
  let sent: Promise<unknown> = Promise.resolve();
  for (;;) {
    const next = await Promise.race([messages.next(), over]);
    if (next === null || (await Promise.race([sent.then(() => true), over])) === null) {
      // What it still waits for may take long, and nobody needs it.
      messages.return?.()?.catch(() => {});
      return;
    }
    if (next.done) {
      call.end();
      return;
    }
    sent = new Promise((resolve) => call.write(next.value, () => resolve(null)));
  }
}

function pathOf(method: string): string {
  return `/arrow.flight.protocol.FlightService/${method}`;
}
