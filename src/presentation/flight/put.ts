import { hash } from 'node:crypto';
import { tableFromIPC } from 'apache-arrow';
import type { Call } from '#application/call.ts';
import type { KeptAnswer } from '#application/records/idempotency.ts';
import type { SourceMarks } from '#application/records/source-marks.ts';
import type { UseCases } from '#application/use-cases.ts';
import { DataForgeError } from '#domain/errors.ts';
import { DESCRIPTOR_PATH, type FlightData, type FlightDescriptor } from '#formats/flight/flight-messages.ts';
import {
  BoundStatement,
  CommandPreparedStatementQuery,
  CommandStatementIngest,
  IF_EXISTS_REPLACE,
  IF_NOT_EXIST_CREATE,
  UpdateResult,
  unpackCommand,
} from '#formats/flight/flight-sql-messages.ts';
import { framed } from '#formats/flight/ipc-stream.ts';
import { readBatchDescriptor } from '#formats/flight/pipeline-batch.ts';
import { HashedBody } from '../hashed-body.ts';
import { readParameters } from './bound-parameters.ts';
import { putBatch } from './put-batch.ts';
import { keyOf, marksOf, readMarks } from './put-marks.ts';
import { handleOf, readCommand, readStatement } from './wanted.ts';

const MAX_PARAMETER_BYTES = 1024 * 1024;

export interface PutOptions {
  readonly useCases: UseCases;
  /** Bytes that one put may have. */
  readonly maxBytes: number;
  /** The `idempotency-key` that came with the call; null where none did. */
  readonly header: string | null;
}

/**
 * Takes what a client puts: rows of a dataset, a batch of a pipeline, or the parameters of a prepared statement.
 * @returns the metadata of the one result
 */
export async function put(
  messages: AsyncIterable<FlightData>,
  { header, maxBytes, useCases }: PutOptions,
  call: Call,
): Promise<Uint8Array> {
  const source = messages[Symbol.asyncIterator]();
  const first = await source.next();
  const descriptor = first.done ? null : first.value.descriptor;
  if (first.done || descriptor === null) {
    throw new DataForgeError('invalid_body', 'The first message must carry the descriptor of what is put.');
  }
  const limited = (rows: AsyncIterable<Uint8Array>) => withinLimit(rows, maxBytes);
  const batch = readBatchDescriptor(descriptor);
  if (batch !== null) return putBatch(batch, follow([first.value], source), { useCases, limited }, call);
  const early = [first.value, ...(await readMarks(first.value, source))];
  const body = limited(ipcStream(follow(early, source)));
  const key = keyOf(header, early);
  const marks = marksOf(early);
  const command = descriptor.type === DESCRIPTOR_PATH ? null : unpackCommand(descriptor.cmd ?? new Uint8Array(0));
  switch (command?.name) {
    case 'CommandStatementIngest': {
      const counts = await load(readIngest(command.value), body, { key, marks }, useCases, call);
      return UpdateResult.encode({ recordCount: BigInt(counts.created + counts.updated) });
    }
    case 'CommandPreparedStatementQuery':
      return bind(CommandPreparedStatementQuery.decode(command.value).handle, body);
    case 'CommandStatementUpdate':
    case 'CommandPreparedStatementUpdate':
      throw new DataForgeError(
        'method_not_allowed',
        'SQL only reads here; write rows by bulk ingest (CommandStatementIngest, adbc_ingest), or by DoPut to the path of a dataset.',
      );
    default: {
      const { created, updated, ignored, rejected } = await load(
        datasetOf(descriptor),
        body,
        { key, marks },
        useCases,
        call,
      );
      return Buffer.from(JSON.stringify({ created, updated, ignored, rejected }));
    }
  }
}

interface Counts {
  readonly created: number;
  readonly updated: number;
  readonly ignored: number;
  readonly rejected: number;
}

async function load(
  schema: string,
  rows: AsyncIterable<Uint8Array>,
  { key, marks }: { readonly key: string | null; readonly marks: SourceMarks },
  useCases: UseCases,
  call: Call,
): Promise<Counts> {
  const body = new HashedBody(rows);
  const answer = ({ created, updated, ignored, rejected }: Counts): KeptAnswer => ({
    status: 201,
    headers: {},
    body: JSON.stringify({ created, updated, ignored, rejected }),
  });
  const scope = key === null ? null : hash('sha256', [call.caller.name, 'DoPut', schema, key].join('\n'));
  const once = scope === null ? null : { scope, hash: () => body.drain(), hashRead: () => body.digest(), answer };
  const request = { schema, format: 'arrow', onInvalid: null, onConflict: null, once, marks } as const;
  const { result, replayed } = await useCases.loadRecords({ ...request, body: once === null ? rows : body }, call);
  return replayed === null ? result : JSON.parse(replayed.body);
}

function datasetOf(descriptor: Partial<FlightDescriptor>): string {
  const [name] = descriptor.path ?? [];
  if (descriptor.type === DESCRIPTOR_PATH && name !== undefined && descriptor.path?.length === 1) return name;
  const wanted = descriptor.cmd === undefined ? null : readCommand(descriptor.cmd);
  if (wanted?.kind === 'records') return wanted.schema;
  throw new DataForgeError('invalid_parameter', 'Rows are put to a path of one name, that of a dataset.');
}

function readIngest(value: Uint8Array): string {
  const { table, definition, temporary } = CommandStatementIngest.decode(value);
  const isMade = definition?.ifNotExist === IF_NOT_EXIST_CREATE || definition?.ifExists === IF_EXISTS_REPLACE;
  // "Create where it is not there, append where it is" is an append once the dataset is there.
  const isAppend = !temporary && (!isMade || (definition?.ifExists ?? 0) === 2);
  if (isAppend) return table;
  throw new DataForgeError(
    'method_not_allowed',
    `A table is made and changed by its dataset file here; write "${table.slice(0, 100)}.yaml" into the folder of the datasets and append to it.`,
  );
}

async function* follow(early: readonly FlightData[], rest: AsyncIterator<FlightData>): AsyncGenerator<FlightData> {
  yield* early;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

async function* ipcStream(messages: AsyncIterable<FlightData>): AsyncGenerator<Uint8Array> {
  for await (const message of messages) yield* framed(message);
}

async function* withinLimit(body: AsyncIterable<Uint8Array>, limit: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.byteLength;
    if (bytes > limit) {
      throw new DataForgeError('too_large', `What is put has more than ${limit} bytes; send it in parts.`, {
        details: { limit },
      });
    }
    yield piece;
  }
}

/** The parameters of the first row, kept in the new handle: nothing of a statement stays on the server. */
async function bind(handle: Uint8Array, body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const { sql } = readStatement(handle);
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body) {
    pieces.push(piece);
    size += piece.byteLength;
    if (size > MAX_PARAMETER_BYTES) {
      throw new DataForgeError(
        'too_large',
        'The parameters of a statement are more than 1 MB; bind one row of values.',
      );
    }
  }
  return BoundStatement.encode({ handle: handleOf({ sql, parameters: readParameters(tableFromIPC(pieces)) }) });
}
