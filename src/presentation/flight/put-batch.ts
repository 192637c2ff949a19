import type { Call } from '#application/call.ts';
import type { BulkFormat } from '#application/ports/bulk-loader.ts';
import type { UseCases } from '#application/use-cases.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { Cursor } from '#domain/pipeline/cursor.ts';
import type { FlightData } from '#formats/flight/flight-messages.ts';
import { framed } from '#formats/flight/ipc-stream.ts';
import { type BatchCommand, readBatchEnd } from '#formats/flight/pipeline-batch.ts';

const FORMATS: readonly BulkFormat[] = ['ndjson', 'json', 'csv', 'arrow', 'parquet'];

interface PutBatchOptions {
  readonly useCases: UseCases;
  /** Puts a limit on the bytes of the rows. */
  readonly limited: (rows: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;
}

/**
 * Stores the batch of a pipeline that a worker sends.
 * @returns the metadata of the one result: how far the pipeline has come, as JSON
 */
export async function putBatch(
  { pipeline: name, format, ...command }: BatchCommand,
  messages: AsyncIterable<FlightData>,
  { useCases, limited }: PutBatchOptions,
  call: Call,
): Promise<Uint8Array> {
  const batch = new IncomingBatch(messages);
  if (format === null) await batch.skip();
  const rows = format === null ? null : { format: knownFormat(format), body: limited(batch.rows(format)) };
  const stored = await useCases.storeBatch({ ...command, name, rows, cursor: () => batch.cursor }, call);
  return Buffer.from(JSON.stringify(stored));
}

/** The messages of a batch, whose cursor is in the last. */
class IncomingBatch {
  readonly #messages: AsyncIterable<FlightData>;
  #end: { readonly cursor: Cursor | null } | null = null;

  constructor(messages: AsyncIterable<FlightData>) {
    this.#messages = messages;
  }

  get cursor(): Cursor | null {
    if (this.#end === null) throw brokenOff();
    return this.#end.cursor;
  }

  /** @throws DataForgeError `invalid_body` where the messages end without a cursor: what came may be a part of the rows */
  async *rows(format: string): AsyncGenerator<Uint8Array> {
    for await (const message of this.#messages) {
      if (format === 'arrow') yield* framed(message);
      else if (message.body.byteLength > 0) yield message.body;
      this.#end = readBatchEnd(message);
      if (this.#end !== null) return;
    }
    throw brokenOff();
  }

  /** Reads to the end of a batch that has no rows. */
  async skip(): Promise<void> {
    for await (const _ of this.rows('arrow'));
  }
}

function brokenOff(): DataForgeError {
  return new DataForgeError('invalid_body', 'The batch ended before its cursor came; nothing of it is stored.', {
    retryable: true,
  });
}

function knownFormat(format: string): BulkFormat {
  const found = FORMATS.find((known) => known === format);
  if (found !== undefined) return found;
  throw new DataForgeError(
    'unsupported_media_type',
    `The format "${format.slice(0, 50)}" of a batch is not taken here; send ${FORMATS.join(', ')}.`,
  );
}
