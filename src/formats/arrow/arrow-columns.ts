import { DataType, type Field, TimeUnit } from 'apache-arrow';
import { Message } from 'apache-arrow/ipc/metadata/message';
import { DataForgeError } from '#domain/errors.ts';
import { readIpcMessages } from './ipc-messages.ts';

const MAX_SCHEMA_BYTES = 64 * 1024 * 1024;

/** The columns of an Arrow IPC stream or file, and the type (in the notation of dataset files) that takes each. */
export async function readArrowColumns(
  body: AsyncIterable<Uint8Array>,
): Promise<readonly { readonly name: string; readonly dbType: string }[]> {
  for await (const { metadata } of readIpcMessages(body, { maxMessageBytes: MAX_SCHEMA_BYTES })) {
    const message = Message.decode(metadata);
    if (!message.isSchema()) break;
    return message.header().fields.map((field) => ({ name: field.name, dbType: dbTypeOf(field) }));
  }
  throw new DataForgeError('invalid_body', 'The Arrow file does not begin with a schema.');
}

function dbTypeOf(field: Field): string {
  const extension = field.metadata.get('ARROW:extension:name');
  if (extension === 'arrow.uuid') return 'UUID';
  if (extension === 'arrow.json') return 'JSON';
  const type: DataType = DataType.isDictionary(field.type) ? field.type.dictionary : field.type;
  const dbType = plainTypeOf(type);
  if (dbType !== null) return dbType;
  throw new DataForgeError(
    'unsupported_media_type',
    `The column "${field.name}" has the type ${type}, which no dataset can hold.`,
  );
}

function plainTypeOf(type: DataType): string | null {
  if (DataType.isUtf8(type) || DataType.isLargeUtf8(type) || DataType.isUtf8View(type) || DataType.isNull(type)) {
    return 'VARCHAR';
  }
  if (DataType.isInt(type)) {
    const bits = type.isSigned ? type.bitWidth : type.bitWidth * 2;
    return bits <= 16 ? 'SMALLINT' : bits <= 32 ? 'INTEGER' : bits <= 64 ? 'BIGINT' : 'DECIMAL(20,0)';
  }
  if (DataType.isFloat(type)) return 'DOUBLE';
  if (DataType.isDecimal(type)) return `DECIMAL(${type.precision},${type.scale})`;
  if (DataType.isBool(type)) return 'BOOLEAN';
  if (DataType.isDate(type)) return 'DATE';
  if (DataType.isTime(type)) return type.unit === TimeUnit.NANOSECOND ? null : 'TIME';
  return DataType.isTimestamp(type) ? 'TIMESTAMP' : null;
}
