import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { JoinableDataset } from '#application/pipelines/serve-workers.ts';
import type { Relation } from '#application/ports/relation-runner.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { RecordBatch } from '#domain/record/batch.ts';
import { openArrow } from '#formats/arrow/read-arrow.ts';
import { bytesOf, type ServerClient } from './server-client.ts';

interface ServerDatasetsOptions {
  readonly server: ServerClient;
  /** Where copies lie, for this alone. */
  readonly folder: string;
  /** Bytes that one of them may have. */
  readonly maxBytes: number;
}

/** The rows of a dataset in a file. */
interface Copy {
  readonly file: string;
  /** The dataset as it was described when they were asked for, as a text to compare. */
  readonly of: string;
}

const ARROW_STREAM = 'application/vnd.apache.arrow.stream';

/**
 * The datasets of a server elsewhere, to be joined by a run: those that are read are copied to files, and copied anew once
 * they have changed.
 */
export class ServerDatasets {
  readonly #options: ServerDatasetsOptions;
  readonly #copies = new Map<string, Copy>();

  constructor(options: ServerDatasetsOptions) {
    this.#options = options;
  }

  /** The datasets as they are now; their rows are fetched when they are read. */
  async list(signal: AbortSignal): Promise<readonly Relation[]> {
    const asked = { method: 'GET', path: '/worker/datasets', signal } as const;
    const { datasets } = await this.#options.server.json<{ readonly datasets: readonly JoinableDataset[] }>(asked);
    return datasets.map((dataset) => {
      const { name, columns } = dataset;
      const read = (names: readonly string[], ended: AbortSignal) => this.#read(dataset, names, ended);
      return { name, columns: columns.map((column) => column.name), input: { columns, query: null, read } };
    });
  }

  /** Forgets every copy. */
  async close(): Promise<void> {
    this.#copies.clear();
    await rm(this.#options.folder, { recursive: true, force: true });
  }

  async *#read(dataset: JoinableDataset, names: readonly string[], signal: AbortSignal): AsyncGenerator<RecordBatch> {
    const file = await this.#copyOf(dataset, signal);
    const { columnNames, read } = await openArrow(createReadStream(file), { maxMessageBytes: this.#options.maxBytes });
    const types = new Map(dataset.columns.map(({ name, dbType }) => [name, dbType]));
    const asked = columnNames.filter((name) => names.includes(name));
    if (asked.length < names.length) throw hasChanged(dataset);
    const places = names.map((name) => asked.indexOf(name));
    const targets = columnNames.map((name) => (names.includes(name) ? (types.get(name) ?? null) : null));
    for await (const { batch, faults } of read(targets)) {
      if (faults.length > 0) throw hasChanged(dataset);
      yield { length: batch.length, columns: places.flatMap((place) => batch.columns[place] ?? []) };
    }
  }

  /** The file with the rows, fetched where there is none of the dataset as it is now. */
  async #copyOf(dataset: JoinableDataset, signal: AbortSignal): Promise<string> {
    const of = JSON.stringify(dataset);
    const before = this.#copies.get(dataset.name);
    if (before?.of === of) return before.file;
    if (before !== undefined) {
      this.#copies.delete(dataset.name);
      await rm(before.file, { force: true });
    }
    const file = await this.#fetch(dataset, signal);
    this.#copies.set(dataset.name, { file, of });
    return file;
  }

  async #fetch({ name }: JoinableDataset, signal: AbortSignal): Promise<string> {
    const { server, folder, maxBytes } = this.#options;
    const file = join(folder, `${crypto.randomUUID()}.arrow`);
    await mkdir(folder, { recursive: true });
    const answer = await server.open({
      method: 'GET',
      path: `/records/${encodeURIComponent(name)}/stream`,
      headers: { accept: ARROW_STREAM, 'accept-encoding': 'identity' },
      signal,
    });
    try {
      await pipeline(Readable.from(atMost(bytesOf(answer, signal), maxBytes, name)), createWriteStream(file), {
        signal,
      });
      return file;
    } catch (error) {
      await rm(file, { force: true });
      if (signal.aborted) throw signal.reason;
      throw (error as NodeJS.ErrnoException).code === 'ENOSPC' ? hasNoRoom(name, error) : error;
    }
  }
}

async function* atMost(body: AsyncIterable<Uint8Array>, most: number, name: string): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > most) {
      throw new DataForgeError(
        'too_large',
        `Dataset "${name}" has more than the ${most} bytes that a transform may join; raise PROCESSOR_MAX_INPUT of the worker.`,
        { details: { limit: most } },
      );
    }
    yield chunk;
  }
}

function hasNoRoom(name: string, cause: unknown): DataForgeError {
  return new DataForgeError(
    'resources_exhausted',
    `The disk of the worker has no room for dataset "${name}", which the transform joins; free some space, or set TMPDIR of the worker to a folder on a larger disk.`,
    { cause, retryable: true },
  );
}

function hasChanged({ name }: JoinableDataset): DataForgeError {
  const message = `The properties of dataset "${name}" have changed while it was read.`;
  return new DataForgeError('unavailable', message, { retryable: true });
}
