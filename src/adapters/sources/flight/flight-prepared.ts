import type { Metadata } from '@grpc/grpc-js';
import type { FlightConnection } from '#adapters/shared/flight/flight-connection.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { SqlType, SqlVector } from '#domain/sql/sql-type.ts';
import { ArrowEncoder } from '#formats/arrow/arrow-encoder.ts';
import { DESCRIPTOR_COMMAND, type FlightData, type FlightDescriptor } from '#formats/flight/flight-messages.ts';
import {
  BoundStatement,
  CommandPreparedStatementQuery,
  CreatePreparedStatement,
  PreparedStatement,
  packCommand,
  unpackCommand,
} from '#formats/flight/flight-sql-messages.ts';
import type { ColumnValue } from './flight-wanted.ts';

/** A statement whose placeholders have their values. */
interface BoundQuery {
  readonly descriptor: Partial<FlightDescriptor>;
  /** Lets the server forget it; a server that cannot is not asked again. */
  close(): Promise<void>;
}

/** The server has its own time after which it forgets. */
const CLOSE_MS = 2000;
/** A double has the digits of any number of so many. */
const EXACT_DIGITS = 15;
const MOST_INTEGER = 2n ** 63n;

/**
 * Prepares a query of Flight SQL, and binds a value to each of its placeholders.
 * @throws DataForgeError `source_failed`
 */
export async function bindQuery(
  connection: FlightConnection,
  { query, values }: { readonly query: string; readonly values: readonly ColumnValue[] },
  metadata: Metadata,
): Promise<BoundQuery> {
  const create = packCommand('ActionCreatePreparedStatementRequest', CreatePreparedStatement, { query });
  const [result] = await connection.action('CreatePreparedStatement', create, metadata);
  const prepared = result && unpackCommand(result);
  if (!prepared)
    throw new DataForgeError('source_failed', 'The server prepares no statements; leave by: parameter out.');
  const { handle } = PreparedStatement.decode(prepared.value);
  const close = async () => {
    const body = packCommand('ActionClosePreparedStatementRequest', CommandPreparedStatementQuery, { handle });
    await connection.action('ClosePreparedStatement', body, metadata, CLOSE_MS).catch(() => {});
  };
  const command = packCommand('CommandPreparedStatementQuery', CommandPreparedStatementQuery, { handle });
  const answer = await connection.put(messagesOf(command, values), metadata);
  const bound = answer === null ? null : BoundStatement.decode(answer).handle;
  const known = bound === null || bound.length === 0 ? handle : bound;
  const cmd = packCommand('CommandPreparedStatementQuery', CommandPreparedStatementQuery, { handle: known });
  return { descriptor: { type: DESCRIPTOR_COMMAND, cmd }, close };
}

/** The row of parameters as messages of DoPut. */
async function* messagesOf(command: Uint8Array, values: readonly ColumnValue[]): AsyncGenerator<Partial<FlightData>> {
  const parameters = values.map(parameterOf);
  const encoder = new ArrowEncoder(parameters.map(({ type }, at) => ({ name: `parameter_${at + 1}`, type })));
  const batch = encoder.batch({ length: 1, columns: parameters.map(({ vector }) => vector) });
  yield { descriptor: { type: DESCRIPTOR_COMMAND, cmd: command }, header: encoder.schema.header };
  yield { header: batch.header, body: Buffer.concat(batch.body) };
}

/** Whole numbers as such, others as doubles where those have all of their digits, everything else as a text. */
function parameterOf({ value, isNumber }: ColumnValue): { readonly type: SqlType; readonly vector: SqlVector } {
  const one = { length: 1, validity: null, offsets: null, children: [] };
  if (isNumber && /^-?\d+$/.test(value) && BigInt(value) < MOST_INTEGER && BigInt(value) >= -MOST_INTEGER) {
    const data = new Uint8Array(BigInt64Array.of(BigInt(value)).buffer);
    return { type: { kind: 'integer', bits: 64, signed: true }, vector: { ...one, data } };
  }
  if (isNumber && value.replace(/\D/g, '').length <= EXACT_DIGITS) {
    return {
      type: { kind: 'double' },
      vector: { ...one, data: new Uint8Array(Float64Array.of(Number(value)).buffer) },
    };
  }
  const data = Buffer.from(value);
  return { type: { kind: 'text' }, vector: { ...one, data, offsets: Int32Array.of(0, data.length) } };
}
