// The messages of Arrow Flight SQL (https://arrow.apache.org/docs/format/FlightSql.html) that are used here.

import { DataForgeError } from '#domain/errors.ts';
import {
  boolean,
  bytes,
  int32,
  int64,
  type MessageCodec,
  message,
  nested,
  optionalBytes,
  optionalInt32,
  optionalText,
  repeatedInt32,
  repeatedText,
  text,
} from './protobuf.ts';

const Any = message({ typeUrl: text(1), value: bytes(2) });
const PREFIX = 'type.googleapis.com/arrow.flight.protocol.sql.';

/** A command as it travels: its name without the package, and its bytes. */
export interface SqlCommand {
  readonly name: string;
  readonly value: Uint8Array;
}

/** @returns null where the bytes are no command of Flight SQL */
export function unpackCommand(packed: Uint8Array): SqlCommand | null {
  let any: { readonly typeUrl: string; readonly value: Uint8Array };
  try {
    any = Any.decode(packed);
  } catch (error) {
    if (error instanceof DataForgeError) return null;
    throw error;
  }
  return any.typeUrl.startsWith(PREFIX) ? { name: any.typeUrl.slice(PREFIX.length), value: any.value } : null;
}

export function packCommand<M>(name: string, codec: MessageCodec<M>, value: Partial<M>): Buffer {
  return Any.encode({ typeUrl: PREFIX + name, value: codec.encode(value) });
}

export const CommandGetDbSchemas = message({ catalog: optionalText(1), schemaPattern: optionalText(2) });
export const CommandGetTables = message({
  catalog: optionalText(1),
  schemaPattern: optionalText(2),
  tablePattern: optionalText(3),
  tableTypes: repeatedText(4),
  includeSchema: boolean(5),
});
/** Of primary, exported and imported keys alike. */
export const CommandGetKeys = message({ catalog: optionalText(1), schema: optionalText(2), table: text(3) });

export const CommandGetSqlInfo = message({ info: repeatedInt32(1) });
export const CommandGetXdbcTypeInfo = message({ dataType: optionalInt32(1) });

export const CommandStatementQuery = message({ query: text(1) });
export const CommandPreparedStatementQuery = message({ handle: bytes(1) });
export const TicketStatementQuery = message({ handle: bytes(1) });
export const CreatePreparedStatement = message({ query: text(1) });
export const PreparedStatement = message({ handle: bytes(1), datasetSchema: bytes(2), parameterSchema: bytes(3) });
export const BoundStatement = message({ handle: optionalBytes(1) });

const TableDefinition = message({ ifNotExist: int32(1), ifExists: int32(2) });
export const IF_NOT_EXIST_CREATE = 1;
export const IF_EXISTS_REPLACE = 3;
export const CommandStatementIngest = message({
  definition: nested(1, TableDefinition),
  table: text(2),
  schema: optionalText(3),
  catalog: optionalText(4),
  temporary: boolean(5),
});
export const UpdateResult = message({ recordCount: int64(1) });

/** `info` is a FlightInfo. */
export const CancelQuery = message({ info: bytes(1) });
export const CancelQueryResult = message({ result: int32(1) });
