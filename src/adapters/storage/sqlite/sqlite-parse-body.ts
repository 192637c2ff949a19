import { createReadStream } from 'node:fs';
import { uploadIdentity } from '#domain/dataset/constraints.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import type { CompilePattern } from '#domain/record/pattern.ts';
import { compileRowValidator } from '#domain/record/validate-row.ts';
import type { Row } from '#domain/record/value.ts';
import { type RowFormat, type RowLimits, readRows } from '#formats/rows/read-rows.ts';
import type { UploadedRow } from '#formats/rows/uploaded-row.ts';
import type { ReceivedBody } from '../shared/spool.ts';
import { decoderOf, encoderOf, type SqliteValue } from './sqlite-values.ts';

export interface ParseRequest {
  readonly dataset: Dataset;
  readonly format: RowFormat;
  readonly body: ReceivedBody;
  /** Whether blocks tell what rows are told apart by. */
  readonly withIdentities: boolean;
}

/** Rows of a body as columns, so that they cross to another thread at little cost. */
export interface ParsedBlock {
  /** Where the good rows stand in the body. */
  readonly lines: readonly number[];
  /** The ids they were given; null where none was. */
  readonly ids: readonly (string | null)[] | null;
  /** Their values as they lie in the store, a list a property. */
  readonly columns: readonly (readonly SqliteValue[])[];
  readonly identities: readonly (string | null)[] | null;
  /** The rows that cannot be stored. */
  readonly rejected: readonly (UploadedRow & { readonly ok: false })[];
}

const ROW_LIMITS: RowLimits = { maxRowBytes: 16 * 1024 * 1024, maxMessageBytes: 256 * 1024 * 1024 };

/** Reads a body into blocks of rows that are valid and complete, and of what is wrong with the others. */
export async function* parseBody(request: ParseRequest, compilePattern: CompilePattern): AsyncGenerator<ParsedBlock> {
  const { dataset, format, body, withIdentities } = request;
  const bytes = 'file' in body ? createReadStream(body.file, { highWaterMark: 256 * 1024 }) : inOrder(body.chunks);
  const encoders = dataset.properties.map(({ dbType }) => encoderOf(dbType));
  for await (const rows of readRows(bytes, format, compileRowValidator(dataset, compilePattern), ROW_LIMITS)) {
    const good = rows.filter((row) => row.ok);
    yield {
      lines: good.map(({ line }) => line),
      ids: good.some(({ id }) => id !== null) ? good.map(({ id }) => id) : null,
      columns: encoders.map((encode, index) => good.map(({ row }) => encode(row[index] ?? null))),
      identities: withIdentities ? good.map((row) => uploadIdentity(dataset, row)) : null,
      rejected: rows.filter((row) => !row.ok),
    };
  }
}

/** Makes rows of canonical values again. */
export function rowDecoder({ properties }: Dataset): (stored: readonly SqliteValue[]) => Row {
  const decoders = properties.map(({ dbType }) => decoderOf(dbType));
  return (stored) => stored.map((value, index) => decoders[index]?.(value) ?? null);
}

async function* inOrder(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
