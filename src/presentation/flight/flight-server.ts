import {
  type handleServerStreamingCall,
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerErrorResponse,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js';
import type { Call } from '#application/call.ts';
import type { UseCases } from '#application/use-cases.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { AnsweredRequest } from '#domain/run/answered-request.ts';
import { frameHeader, OutgoingFlightData } from '#formats/flight/flight-data.ts';
import { BasicAuth, DESCRIPTOR_PATH, type FlightData, type FlightDescriptor } from '#formats/flight/flight-messages.ts';
import type { AccessTokens } from '../access-tokens.ts';
import { answerOf } from './flight-answer.ts';
import { callOf, type GrpcCall, statusOf } from './flight-call.ts';
import { FLIGHT_SERVICE } from './flight-service.ts';
import { RunningFlights } from './running-flights.ts';
import { sendAll } from './send.ts';
import { readCommand, readDescriptor, recordsOf, ticketOf, type Wanted } from './wanted.ts';

export interface FlightOptions {
  readonly useCases: UseCases;
  readonly tokens: AccessTokens;
  /** PEM texts; null for a server without TLS. */
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | null;
  /** Bytes that one DoPut may have. */
  readonly maxUploadBytes: number;
  /** Told of each call when it is over. */
  readonly onAnswer: (answer: AnsweredRequest) => void;
}

/** Serves Arrow Flight and Flight SQL over gRPC. What reads and writes Arrow is loaded with the first call. */
export class FlightServer {
  readonly #options: FlightOptions;
  readonly #server = new Server({
    // The largest record batch that is taken, and what stands around it.
    'grpc.max_receive_message_length': 257 * 1024 * 1024,
    'grpc.max_send_message_length': -1,
    // A client that is gone without a word must not keep its place.
    'grpc.keepalive_time_ms': 20_000,
    // What a client may send before the first of it has been acknowledged, however far it is.
    'grpc-node.flow_control_window': 1024 * 1024,
  });
  readonly #running = new RunningFlights();
  #open = 0;

  constructor(options: FlightOptions) {
    this.#options = options;
    const { useCases } = options;
    const running = this.#running;
    this.#server.addService(FLIGHT_SERVICE, {
      Handshake: this.#duplex('Handshake', (stream) => this.#shakeHands(stream)),
      ListFlights: this.#stream('ListFlights', (_, call) => this.#list(call)),
      GetFlightInfo: this.#unary<Partial<FlightDescriptor>>('GetFlightInfo', (descriptor, call) =>
        this.#info(descriptor, call),
      ),
      GetSchema: this.#unary<Partial<FlightDescriptor>>('GetSchema', async (descriptor, call) => {
        const { describe } = await import('./answers.ts');
        const { header } = await describe(readDescriptor(descriptor), useCases, call);
        return { schema: frameHeader(header) };
      }),
      DoGet: this.#send<Ticket>('DoGet', (stream, call) => {
        const { ticket } = stream.request;
        return running.run(ticket, call, (cancellable) =>
          sendAll(stream, this.#get(ticket, cancellable), cancellable.signal),
        );
      }),
      DoPut: this.#duplex('DoPut', async (stream, identify) => {
        const call = identify();
        const messages: AsyncIterable<FlightData> = messagesOf(stream);
        const header = stream.metadata.get('idempotency-key')[0]?.toString() ?? null;
        const { maxUploadBytes: maxBytes } = options;
        const { put } = await import('./put.ts');
        stream.write({ appMetadata: await put(messages, { useCases, maxBytes, header }, call) });
      }),
      DoAction: this.#stream<{ readonly type: string; readonly body: Uint8Array }>(
        'DoAction',
        async function* ({ type, body }, call) {
          const { act } = await import('./actions.ts');
          for (const result of await act(type, body, { useCases, running }, call)) yield { body: result };
        },
      ),
      ListActions: this.#stream('ListActions', async function* () {
        const { ACTIONS } = await import('./actions.ts');
        for (const [type, description] of Object.entries(ACTIONS)) yield { type, description };
      }),
    });
  }

  /** Calls under way. */
  get open(): number {
    return this.#open;
  }

  /**
   * @returns the port that is listened on
   * @throws DataForgeError `invalid_configuration`
   */
  listen(host: string, port: number): Promise<number> {
    const { tls } = this.#options;
    const credentials =
      tls === null
        ? ServerCredentials.createInsecure()
        : ServerCredentials.createSsl(null, [{ cert_chain: tls.cert, private_key: tls.key }]);
    const address = `${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`;
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(address, credentials, (error, bound) =>
        error ? reject(cannotListen(address, error)) : resolve(bound),
      );
    });
  }

  /** Lets what runs come to its end within the time. */
  async close(timeoutMs: number): Promise<void> {
    const force = setTimeout(() => this.#server.forceShutdown(), timeoutMs);
    await new Promise<void>((resolve) => this.#server.tryShutdown(() => resolve()));
    clearTimeout(force);
  }

  async #info(descriptor: Partial<FlightDescriptor>, call: Call) {
    return this.#infoOf(readDescriptor(descriptor), descriptor, call);
  }

  async #infoOf(wanted: Wanted, descriptor: Partial<FlightDescriptor>, call: Call) {
    const { describe } = await import('./answers.ts');
    const { header } = await describe(wanted, this.#options.useCases, call);
    const isCounted = wanted.kind === 'records' && wanted.filters === null && wanted.limit === null;
    const total = isCounted ? await this.#options.useCases.countRecords(wanted, call) : null;
    return {
      schema: frameHeader(header),
      descriptor,
      endpoint: [{ ticket: { ticket: ticketOf(wanted, descriptor.cmd ?? null) } }],
      totalRecords: total === null ? -1n : BigInt(total.count),
      totalBytes: -1n,
      ordered: wanted.kind !== 'catalog',
    };
  }

  async *#list(call: Call) {
    for (const { name } of await this.#options.useCases.listDatasets({}, call)) {
      yield await this.#infoOf(recordsOf(name), { type: DESCRIPTOR_PATH, path: [name] }, call);
    }
  }

  async *#get(ticket: Uint8Array, call: Call): AsyncGenerator<OutgoingFlightData> {
    const wanted = readCommand(ticket);
    const { read } = await import('./answers.ts');
    for await (const message of read(wanted, this.#options.useCases, call)) yield new OutgoingFlightData(message);
  }

  /** Both ways of old and new clients: Basic in the header, or name and password in the message. */
  async #shakeHands(stream: Duplex): Promise<void> {
    const [authorization] = stream.metadata.get('authorization');
    let token = authorization?.toString();
    if (token === undefined) {
      for await (const { payload } of messagesOf(stream)) {
        const { username, password } = BasicAuth.decode(payload);
        token = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
        break;
      }
    }
    if (this.#options.tokens.identify(token) === null) {
      throw new DataForgeError('unauthorized', 'This server asks for a token; send it as the password.');
    }
    const secret = Buffer.from((token ?? '').split(/ +/)[1] ?? '', 'base64').toString('utf8');
    const bearer = /^basic /i.test(token ?? '') ? secret.slice(secret.indexOf(':') + 1) : (token ?? '').slice(7);
    const header = new Metadata();
    header.set('authorization', `Bearer ${bearer}`);
    stream.sendMetadata(header);
    stream.write({ payload: Buffer.from(bearer) });
  }

  #unary<Q>(route: string, answer: (request: Q, call: Call) => Promise<unknown>) {
    return (call: ServerUnaryCall<Q, unknown>, reply: sendUnaryData<unknown>) =>
      this.#run(route, call, reply, async (identify) => reply(null, await answer(call.request, identify())));
  }

  #stream<Q>(
    route: string,
    answer: (request: Q, call: Call) => AsyncIterable<unknown>,
  ): handleServerStreamingCall<Q, unknown> {
    return this.#send(route, (stream, call) => sendAll(stream, answer(stream.request, call), call.signal));
  }

  #send<Q>(route: string, send: (stream: ServerWritableStream<Q, unknown>, call: Call) => Promise<void>) {
    return (stream: ServerWritableStream<Q, unknown>) =>
      this.#run(route, stream, failing(stream), async (identify) => {
        await send(stream, identify());
        stream.end();
      });
  }

  #duplex(route: string, answer: (stream: Duplex, identify: () => Call) => Promise<void>) {
    return (stream: Duplex) =>
      this.#run(route, stream, failing(stream), async (identify) => {
        await answer(stream, identify);
        stream.end();
      });
  }

  /** Runs one call of any kind, answers what goes wrong and tells of it when it is over. */
  async #run(
    route: string,
    grpc: GrpcCall,
    fail: (status: ServerErrorResponse) => void,
    work: (identify: () => Call) => Promise<void>,
  ): Promise<void> {
    const started = performance.now();
    let call: Call | null = null;
    let error: unknown = null;
    this.#open++;
    try {
      await work(() => {
        call = callOf(this.#options.tokens, grpc);
        return call;
      });
    } catch (thrown) {
      error = thrown;
      fail(statusOf(thrown));
    } finally {
      this.#open--;
      const duration = performance.now() - started;
      this.#options.onAnswer(answerOf({ route, duration, address: grpc.getPeer(), call, error }));
    }
  }
}

function failing(stream: { emit(event: 'error', status: ServerErrorResponse): unknown }) {
  return (status: ServerErrorResponse) => {
    stream.emit('error', status);
  };
}

// biome-ignore lint/suspicious/noExplicitAny: messages differ by method, and the service's codecs see to them
type Duplex = ServerDuplexStream<any, any>;

interface Ticket {
  readonly ticket: Uint8Array;
}

/**
 * The messages of a client. The call stays open when the last of them is read, for the answer is still to come.
 * A client that is gone ends them with an error: gRPC alone would have them waited for for ever.
 */
function messagesOf(stream: Duplex) {
  const leave = () => stream.destroy(new DataForgeError('cancelled', 'The client went away.'));
  stream.on('error', () => {});
  if (stream.cancelled) leave();
  else stream.once('cancelled', leave);
  return stream.iterator({ destroyOnReturn: false });
}

function cannotListen(address: string, cause: Error): DataForgeError {
  const message = `Arrow Flight cannot listen on ${address}; stop what listens there, set FLIGHT_PORT to another (0 takes a free one), or leave flight out of PROTOCOLS.`;
  return new DataForgeError('invalid_configuration', message, { cause });
}
