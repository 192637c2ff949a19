import { getCACertificates } from 'node:tls';
import { Metadata, status } from '@grpc/grpc-js';
import { failedCall } from '#adapters/shared/flight/failed-call.ts';
import { FlightConnection } from '#adapters/shared/flight/flight-connection.ts';
import type { BatchStore, StoreBatchRequest, StoredBatch } from '#application/ports/batch-store.ts';
import type { SourceRows } from '#application/ports/source.ts';
import { DataForgeError, ERROR_TITLES, type ErrorCode } from '#domain/errors.ts';
import type { BackfillWindow } from '#domain/pipeline/backfill.ts';
import type { RowPipeline } from '#domain/pipeline/pipeline.ts';
import type { PipelineState } from '#domain/pipeline/pipeline-state.ts';
import type { FlightData } from '#formats/flight/flight-messages.ts';
import { flightDataOf } from '#formats/flight/ipc-stream.ts';
import { batchDescriptor, batchEnd } from '#formats/flight/pipeline-batch.ts';
import { flightAddressOf } from './flight-address.ts';
import type { ServerClient } from './server-client.ts';
import { ServerPipelines } from './server-pipelines.ts';

/** Milliseconds until a server that answers over REST must answer here too. */
const CONNECT_MS = 5000;
/** The most that engines take. */
const MAX_RECORD_BATCH_BYTES = 256 * 1024 * 1024;
const MESSAGE_BYTES = 256 * 1024;

/**
 * The store of a server elsewhere, over Arrow Flight: a batch is one DoPut, whose rows go out as they come in. What breaks
 * off in the middle cannot be sent again, for rows are read once: the run goes on from its last commit.
 */
export class FlightBatchStore implements BatchStore {
  readonly #server: ServerClient;
  readonly #pipelines: ServerPipelines;
  readonly #url: string | null;
  readonly #metadata = new Metadata();
  readonly #closing = new AbortController();
  #connected: { readonly url: string; readonly connection: FlightConnection } | null = null;

  /** @param url `grpc://HOST:PORT` or `grpc+tls://HOST:PORT`; null: what the server tells */
  constructor(server: ServerClient, url: string | null) {
    this.#server = server;
    this.#pipelines = new ServerPipelines(server);
    this.#url = url;
    const { token } = server.address;
    if (token !== null) this.#metadata.set('authorization', `Bearer ${token}`);
  }

  async state(name: string, window: BackfillWindow | null = null): Promise<PipelineState | null> {
    return (await this.#pipelines.work(name, { window })).state;
  }

  async take(
    { name }: RowPipeline,
    holder: string,
    caller: string,
    window: BackfillWindow | null = null,
  ): Promise<PipelineState> {
    // Whoever cannot store must not begin to fetch.
    await this.#connect(name);
    return this.#pipelines.take(name, { holder, caller, window });
  }

  async store(request: StoreBatchRequest): Promise<StoredBatch> {
    const { pipeline, window = null, signal } = request;
    const batch = new OutgoingBatch(request);
    const connection = this.#connected?.connection ?? (await this.#connect(pipeline.name));
    try {
      const answer = await connection.put(batch.messages(), this.#metadataOf(request), signal);
      if (answer !== null) return JSON.parse(Buffer.from(answer).toString()) as StoredBatch;
      throw new DataForgeError('unavailable', 'The server did not say what became of a batch.', { retryable: true });
    } catch (error) {
      const isLost = error instanceof DataForgeError && error.code === 'unavailable' && batch.isWhole;
      if (!isLost || signal.aborted) throw error;
      // It may have been stored, and only the answer be lost.
      const { state } = await this.#pipelines.work(pipeline.name, { window, signal });
      if (isBehind(request, state)) return { state, repeated: true };
      throw error;
    }
  }

  #metadataOf({ traceParent }: StoreBatchRequest): Metadata {
    if (!traceParent) return this.#metadata;
    const metadata = this.#metadata.clone();
    metadata.set('traceparent', traceParent);
    return metadata;
  }

  close(): void {
    this.#closing.abort(new DataForgeError('cancelled', 'The worker is stopping.'));
    this.#connected?.connection.close();
  }

  /** Connects to where the server listens now, which may be elsewhere after its restart. */
  async #connect(pipeline: string): Promise<FlightConnection> {
    const server = this.#server.address.url;
    const url = this.#url ?? flightAddressOf((await this.#pipelines.work(pipeline)).flight, server);
    if (this.#connected?.url !== url) {
      this.#connected?.connection.close();
      this.#connected = { url, connection: this.#open(url) };
    }
    const { connection } = this.#connected;
    try {
      await connection.ready(CONNECT_MS);
      return connection;
    } catch (cause) {
      throw new DataForgeError(
        'unavailable',
        `Arrow Flight of the server does not answer at ${url}: open that port to this machine, set FLIGHT_URL to where it answers, or DATA_TRANSFER=json.`,
        { cause, retryable: true },
      );
    }
  }

  #open(url: string): FlightConnection {
    const { hostname, port, protocol } = new URL(url);
    const isSecure = protocol === 'grpc+tls:';
    return new FlightConnection({
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: Number(port),
      serverName: null,
      isSecure,
      // Whoever vouches for the server over REST: by itself gRPC might ask others.
      authority: isSecure ? Buffer.from(getCACertificates('default').join('\n')) : null,
      // A batch takes as long as its source.
      timeout: Number.POSITIVE_INFINITY,
      signal: this.#closing.signal,
      errorOf: serverError,
    });
  }
}

/** A batch on its way out. */
class OutgoingBatch {
  readonly #request: StoreBatchRequest;
  /** All of its rows were read. */
  isWhole = false;

  constructor(request: StoreBatchRequest) {
    this.#request = request;
  }

  async *messages(): AsyncGenerator<Partial<FlightData>> {
    const { pipeline, run, number, rows, cursor, window = null, caller, holder } = this.#request;
    const format = rows?.format ?? null;
    yield { descriptor: batchDescriptor({ pipeline: pipeline.name, run, number, holder, caller, window, format }) };
    if (rows !== null) yield* messagesOf(rows);
    this.isWhole = true;
    yield batchEnd(cursor());
  }
}

async function* messagesOf({ format, body }: SourceRows): AsyncGenerator<Partial<FlightData>> {
  if (format === 'arrow') {
    yield* flightDataOf(body, MAX_RECORD_BATCH_BYTES);
    return;
  }
  for await (const piece of evenPieces(body)) yield { body: piece };
}

/** The same bytes in pieces that are neither so small that they cost more than they carry, nor too large for a message. */
async function* evenPieces(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    for (let at = 0; at < chunk.byteLength; at += MESSAGE_BYTES) {
      const piece = chunk.subarray(at, at + MESSAGE_BYTES);
      waiting.push(piece);
      bytes += piece.byteLength;
      if (bytes < MESSAGE_BYTES) continue;
      yield waiting.length === 1 ? piece : Buffer.concat(waiting);
      waiting = [];
      bytes = 0;
    }
  }
  if (bytes > 0) yield Buffer.concat(waiting);
}

/** Whether the pipeline has come to the end of the batch by whoever sent it. */
function isBehind({ run, number, holder }: StoreBatchRequest, state: PipelineState | null): state is PipelineState {
  return state !== null && state.run === run && state.holder === holder && state.batch >= number;
}

/** What a call throws, as the server means it. */
function serverError(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof DataForgeError) return error;
  const { status: code, statusName, said, trailers, mayPass } = failedCall(error);
  const known = String(trailers.get('data-forge-code')[0] ?? '');
  if (known in ERROR_TITLES) {
    const retryable = code === status.UNAVAILABLE || known === 'too_many_requests';
    return new DataForgeError(known as ErrorCode, said, { cause: error, retryable });
  }
  const message = `The server could not be sent a batch over Arrow Flight, ${statusName}: ${said}`;
  return new DataForgeError('unavailable', message, { cause: error, retryable: mayPass });
}
