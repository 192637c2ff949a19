import { Client, credentials, Metadata as GrpcMetadata, type Metadata } from '@grpc/grpc-js';
import { tableFromIPC } from 'apache-arrow';
import { frameHeader } from '#formats/flight/flight-data.ts';
import { FlightData } from '#formats/flight/flight-messages.ts';
import { FLIGHT_SERVICE } from '#presentation/flight/flight-service.ts';

type Method = keyof typeof FLIGHT_SERVICE;

// biome-ignore lint/suspicious/noExplicitAny: tests look into messages of every shape
type Decoded = any;

interface Codec {
  readonly path: string;
  readonly requestSerialize: (value: object) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Decoded;
}

function codecOf(method: Method): Codec {
  return FLIGHT_SERVICE[method] as Codec;
}

/** A client of the tests: any method of Arrow Flight with messages as they are. */
export class FlightClient {
  readonly #client: Client;
  readonly #metadata: Metadata;

  constructor(address: string, token: string | null = null) {
    this.#client = new Client(address.replace('grpc://', ''), credentials.createInsecure());
    this.#metadata = new GrpcMetadata();
    if (token !== null) this.#metadata.set('authorization', `Bearer ${token}`);
  }

  unary(method: Method, request: object): Promise<Decoded> {
    const { path, requestSerialize, responseDeserialize } = codecOf(method);
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        this.#metadata,
        (error, answer) => (error ? reject(error) : resolve(answer)),
      );
    });
  }

  stream(method: Method, request: object) {
    const { path, requestSerialize, responseDeserialize } = codecOf(method);
    return this.#client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, this.#metadata);
  }

  /** The bytes of a method sent as they are, whatever they are. */
  raw(method: Method, bytes: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const same = (value: Buffer) => value;
      const { path } = FLIGHT_SERVICE[method];
      this.#client.makeUnaryRequest(path, same, same, bytes, this.#metadata, (error, answer) =>
        error ? reject(error) : resolve(answer as Buffer),
      );
    });
  }

  /** All rows of a ticket. */
  async get(ticket: string | Uint8Array) {
    const pieces: Uint8Array[] = [];
    for await (const { header, body } of this.stream('DoGet', { ticket: Buffer.from(ticket) })) {
      pieces.push(frameHeader(header), body);
    }
    return tableFromIPC(pieces);
  }

  /** Puts an IPC stream cut into FlightData. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into messages of every shape
  put(messages: readonly Parameters<typeof FlightData.encode>[0][]): Promise<any> {
    const { path, responseDeserialize } = FLIGHT_SERVICE.DoPut;
    const call = this.#client.makeBidiStreamRequest(path, FlightData.encode, responseDeserialize, this.#metadata);
    for (const message of messages) call.write(message);
    call.end();
    return new Promise((resolve, reject) => call.on('data', resolve).on('error', reject));
  }

  /** A call that both sides may go on with. */
  // biome-ignore lint/suspicious/noExplicitAny: tests send messages of every shape
  open(path: string, encode: (value: any) => Buffer, decode: (bytes: Buffer) => Decoded) {
    return this.#client.makeBidiStreamRequest(path, encode, decode, this.#metadata);
  }

  close(): void {
    this.#client.close();
  }
}
