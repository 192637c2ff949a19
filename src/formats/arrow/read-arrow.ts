import { type Data, type DataType, type Schema, Vector } from 'apache-arrow';
import { Message, type RecordBatch as RecordBatchHeader } from 'apache-arrow/ipc/metadata/message';
import { VectorLoader } from 'apache-arrow/visitor/vectorloader';
import { type DbType, formatDbType } from '#domain/dataset/db-type.ts';
import { DataForgeError, type Fault } from '#domain/errors.ts';
import type { RecordBatch } from '#domain/record/batch.ts';
import { findCast } from './cast.ts';
import type { Cast } from './cast-values.ts';
import { checkMetadata } from './check-metadata.ts';
import { decompressBatch } from './decompress.ts';
import { type IpcMessage, readIpcMessages } from './ipc-messages.ts';

/** A column of nulls takes no bytes, so that bytes alone set no limit. */
const MAX_BATCH_ROWS = 2 ** 24;

export interface ArrowLimits {
  /** Bytes that one record batch may have. */
  readonly maxMessageBytes: number;
}

/** A value that could not be taken; `column` counts the columns that were asked for. */
export interface CellFault {
  readonly row: number;
  readonly column: number;
  readonly message: string;
}

export interface ReadBatch {
  /** The columns that were asked for, in the order of the body; faulty values are null in it. */
  readonly batch: RecordBatch;
  readonly faults: readonly CellFault[];
}

/** An Arrow body whose schema was read. */
export interface ArrowReader {
  readonly columnNames: readonly string[];
  /**
   * Reads the rows.
   * @param targets for each column of the body the type it is to have, null to pass it over
   * @throws DataForgeError `invalid_body` with a fault for each column that cannot have its type
   */
  read(targets: readonly (DbType | null)[]): AsyncGenerator<ReadBatch>;
}

/**
 * Opens an Arrow IPC stream or file. One record batch is in memory at a time.
 * @throws DataForgeError `invalid_body` where it is neither
 */
export async function openArrow(body: AsyncIterable<Uint8Array>, limits: ArrowLimits): Promise<ArrowReader> {
  const messages = readIpcMessages(body, limits);
  const first = await messages.next();
  const schema = first.done ? null : guarded(() => schemaOf(first.value));
  if (schema === null) throw invalid('The Arrow body does not begin with a schema.');
  return {
    columnNames: schema.fields.map((field) => field.name),
    read: (targets) => readBatches(schema, messages, targets, limits),
  };
}

async function* readBatches(
  schema: Schema,
  messages: AsyncGenerator<IpcMessage>,
  targets: readonly (DbType | null)[],
  limits: ArrowLimits,
): AsyncGenerator<ReadBatch> {
  try {
    const casts = guarded(() => castsOf(schema, targets));
    const dictionaries = new Map<number, Vector>();
    let dictionaryBytes = 0;
    for await (const { metadata, readBody } of messages) {
      const message = guarded(() => decode(metadata));
      const body = await readBody(message.bodyLength);
      const load = (header: RecordBatchHeader, types: DataType[]) =>
        loadColumns(header, body, types, dictionaries, schema, limits);
      if (message.isDictionaryBatch()) {
        const { id, data, isDelta } = guarded(() => message.header());
        dictionaryBytes += body.byteLength;
        if (dictionaryBytes > limits.maxMessageBytes) throw tooLarge();
        const words = guarded(() => new Vector(load(data, [dictionaryType(schema, id)])));
        const known = dictionaries.get(id);
        dictionaries.set(id, isDelta && known !== undefined ? known.concat(words) : words);
      } else if (message.isRecordBatch()) {
        const header = guarded(() => message.header());
        const types = schema.fields.map((field) => field.type);
        yield guarded(() => castBatch(header.length, load(header, types), casts));
      }
    }
  } finally {
    await messages.return(undefined);
  }
}

function schemaOf({ metadata }: IpcMessage): Schema | null {
  const message = decode(metadata);
  return message.isSchema() ? message.header() : null;
}

function decode(metadata: Uint8Array): Message {
  checkMetadata(metadata);
  return Message.decode(metadata);
}

function dictionaryType(schema: Schema, id: number): DataType {
  const type = schema.dictionaries.get(id);
  if (type === undefined) throw new RangeError('a dictionary belongs to no column');
  return type;
}

function loadColumns(
  packed: RecordBatchHeader,
  packedBody: Uint8Array,
  types: DataType[],
  dictionaries: Map<number, Vector>,
  schema: Schema,
  limits: ArrowLimits,
): Data[] {
  const { header, body } = decompressBatch(packed, packedBody, limits.maxMessageBytes);
  const { nodes, buffers, variadicBufferCounts } = header;
  const version = schema.metadataVersion;
  return new VectorLoader(body, nodes, buffers, dictionaries, version, variadicBufferCounts).visitMany(types);
}

function castBatch(length: number, columns: readonly Data[], casts: readonly (Cast | null)[]): ReadBatch {
  if (length < 0 || length > MAX_BATCH_ROWS) throw new RangeError('a batch has more rows than one may have');
  const wanted = casts.flatMap((cast, index) => {
    const data = columns[index];
    if (cast === null || data === undefined) return [];
    if (data.length !== length) throw new RangeError('the columns of a batch differ in length');
    return [cast(data)];
  });
  return {
    batch: { length, columns: wanted.map(({ vector }) => vector) },
    faults: wanted.flatMap(({ faults }, column) => faults.map(({ row, message }) => ({ row, column, message }))),
  };
}

function castsOf(schema: Schema, targets: readonly (DbType | null)[]): (Cast | null)[] {
  const faults: Fault[] = [];
  const casts = schema.fields.map(({ name, type }, index) => {
    const target = targets[index] ?? null;
    const cast = target === null ? null : findCast(type, target);
    if (target !== null && cast === null) {
      const pointer = `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      faults.push({
        pointer,
        message: `The column "${name}" is ${type}, which cannot be ${formatDbType(target)}; cast it.`,
      });
    }
    return cast;
  });
  const [first] = faults;
  if (first !== undefined) throw new DataForgeError('invalid_body', first.message, { faults });
  return casts;
}

/** What is inside a message was written by anybody: whatever decoding it throws says that the body is not sound. */
function guarded<T>(decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    if (cause instanceof DataForgeError) throw cause;
    throw invalid('The Arrow body is damaged, or uses a part of Arrow that is not taken here.', cause);
  }
}

function tooLarge(): DataForgeError {
  return new DataForgeError(
    'too_large',
    'The dictionaries of the Arrow body are too large; send plain columns instead.',
  );
}

function invalid(message: string, cause?: unknown): DataForgeError {
  return new DataForgeError('invalid_body', message, { cause });
}
