import { DataForgeError } from '#domain/errors.ts';
import type { Call } from '../../call.ts';
import type { DatasetCatalog } from '../../datasets/dataset-catalog.ts';
import type { Limits } from '../../limits.ts';
import type { RecordReader, StreamFormat } from '../../ports/record-reader.ts';
import { streamWithTimeLimit } from '../../time-limit.ts';
import { openDataset } from '../open-dataset.ts';
import { type RawQuery, readCount, readQuery } from '../read-query.ts';

export interface StreamRecordsRequest extends RawQuery {
  readonly schema: string;
  readonly limit: number | null;
  readonly format: StreamFormat;
}

export interface StreamRecordsResult {
  readonly schema: string;
  readonly bytes: AsyncIterable<Uint8Array>;
}

export interface StreamRecordsPorts {
  readonly catalog: DatasetCatalog;
  readonly reader: RecordReader;
  readonly limits: Limits;
  /** Counts the streams under way. */
  readonly places: StreamPlaces;
}

/** All matching records as bytes of a wire format. The engine takes a place behind the gate for each of its calls. */
export function streamRecords({ catalog, reader, limits, places }: StreamRecordsPorts) {
  return async (request: StreamRecordsRequest, call: Call): Promise<StreamRecordsResult> => {
    const { dataset } = openDataset(catalog, request.schema, call, 'read');
    const query = readQuery(dataset, request, limits, call.observation);
    const limit = readLimit(request.limit);
    const stream = { ...query, limit };
    call.observation.explain = () => reader.explain(stream);
    const open = (signal: AbortSignal) => reader.stream(stream, request.format, { at: null, signal });
    return { schema: dataset.name, bytes: places.hold(streamWithTimeLimit(call.signal, limits.streamTimeout, open)) };
  };
}

export function readLimit(limit: number | null): number | null {
  if (limit === null) return null;
  return readCount(limit, { name: 'limit', least: 0, most: Number.MAX_SAFE_INTEGER, default: 0 });
}

/** How many streams may be under way at once; who comes too many is told so, for streams are long. */
export class StreamPlaces {
  readonly #most: number;
  readonly #what: string;
  #taken = 0;

  constructor(most: number, what = 'streams') {
    this.#most = most;
    this.#what = what;
  }

  get taken(): number {
    return this.#taken;
  }

  /** @throws DataForgeError `too_many_requests` where all places are taken */
  checkFree(): void {
    if (this.#taken < this.#most) return;
    throw new DataForgeError(
      'too_many_requests',
      `${this.#most} ${this.#what} are under way already; begin this one when one of them has ended.`,
      { retryable: true },
    );
  }

  /** Takes a place when the stream is first read, until it ends. */
  async *hold<T>(stream: AsyncIterable<T>): AsyncGenerator<T> {
    this.checkFree();
    this.#taken++;
    try {
      yield* stream;
    } finally {
      this.#taken--;
    }
  }
}
