import { randomUUID } from 'node:crypto';
import { DataForgeError } from '#domain/errors.ts';
import {
  type Json,
  JsonArray,
  JsonNumber,
  JsonObject,
  JsonSyntaxError,
  jsonFrom,
  parseJson,
  writeJson,
} from '#domain/record/json.ts';
import type { SqlParameter } from '#domain/sql/sql-type.ts';
import { DESCRIPTOR_COMMAND, DESCRIPTOR_PATH, type FlightDescriptor } from '#formats/flight/flight-messages.ts';
import {
  CommandPreparedStatementQuery,
  CommandStatementQuery,
  packCommand,
  type SqlCommand,
  TicketStatementQuery,
  unpackCommand,
} from '#formats/flight/flight-sql-messages.ts';

/** Records of one dataset, by the query that every protocol takes. */
export interface WantedRecords {
  readonly kind: 'records';
  readonly schema: string;
  readonly filters: Json;
  readonly sort: Json;
  readonly fields: Json;
  readonly limit: number | null;
}

export interface WantedSql {
  readonly kind: 'sql';
  readonly sql: string;
  readonly parameters: readonly SqlParameter[];
}

/** What a flight carries. Tickets say it in full and are checked as any request is, so that the server keeps nothing. */
export type Wanted = WantedRecords | WantedSql | { readonly kind: 'catalog'; readonly command: SqlCommand };

/** @throws DataForgeError `invalid_parameter` */
export function readDescriptor({ type, path, cmd }: Partial<FlightDescriptor>): Wanted {
  if (type === DESCRIPTOR_PATH) {
    const [schema] = path ?? [];
    if (schema !== undefined && path?.length === 1) return recordsOf(schema);
    throw invalid('The path of a flight is one name, that of a dataset.');
  }
  if (type !== DESCRIPTOR_COMMAND || cmd === undefined) {
    throw invalid('A flight is asked for by a path or by a command.');
  }
  return readCommand(cmd);
}

/** @throws DataForgeError `invalid_parameter`, `unknown_route` */
export function readCommand(bytes: Uint8Array): Wanted {
  if (bytes[0] === 0x7b) return readJsonCommand(bytes);
  const command = unpackCommand(bytes);
  if (command === null) {
    throw invalid('The command is neither one of Flight SQL nor a JSON object like {"dataset": "NAME", "limit": 10}.');
  }
  switch (command.name) {
    case 'CommandStatementQuery':
      return { kind: 'sql', sql: CommandStatementQuery.decode(command.value).query, parameters: [] };
    case 'CommandPreparedStatementQuery':
      return readStatement(CommandPreparedStatementQuery.decode(command.value).handle);
    case 'TicketStatementQuery':
      return readStatement(TicketStatementQuery.decode(command.value).handle);
    default:
      return { kind: 'catalog', command };
  }
}

/**
 * The ticket that stands for what is wanted; `readCommand` reads it again. Each has a name of its own (`flight`), so
 * that one of two like queries can be cancelled.
 */
export function ticketOf(wanted: Wanted, command: Uint8Array | null): Uint8Array {
  if (wanted.kind === 'catalog' && command !== null) return command;
  if (wanted.kind === 'sql')
    return packCommand('TicketStatementQuery', TicketStatementQuery, { handle: handleOf(wanted, randomUUID()) });
  if (wanted.kind === 'records') {
    const { schema, filters, sort, fields, limit } = wanted;
    const members = Object.entries({
      dataset: schema,
      filters,
      sort,
      fields,
      limit: jsonFrom(limit),
      flight: randomUUID(),
    });
    return Buffer.from(writeJson(new JsonObject(members.map(([name, value]) => ({ name, value })))));
  }
  throw invalid('This flight has no ticket.');
}

/** The handle of a prepared statement: the statement itself and what is bound to it. */
export function handleOf({ sql, parameters }: Omit<WantedSql, 'kind'>, flight: string | null = null): Buffer {
  return Buffer.from(writeJson(jsonFrom({ sql, parameters, flight })));
}

/** @throws DataForgeError `invalid_parameter` */
export function readStatement(handle: Uint8Array): WantedSql {
  const json = parseObject(handle);
  const sql = json.get('sql');
  const parameters = json.get('parameters');
  if (typeof sql !== 'string' || !(parameters instanceof JsonArray)) {
    throw invalid('The statement handle is not one of this server; prepare the statement again.');
  }
  return { kind: 'sql', sql, parameters: parameters.items.map(parameterOf) };
}

function parameterOf(json: Json): SqlParameter {
  if (json === null || typeof json === 'string' || typeof json === 'boolean') return json;
  if (!(json instanceof JsonNumber)) throw invalid('A parameter is a text, a number, a truth value or null.');
  const number = Number(json.text);
  return /^-?\d+$/.test(json.text) && !Number.isSafeInteger(number) ? BigInt(json.text) : number;
}

export function recordsOf(schema: string): WantedRecords {
  return { kind: 'records', schema, filters: null, sort: null, fields: null, limit: null };
}

const MEMBERS = ['dataset', 'filters', 'sort', 'fields', 'limit'];
const OF_TICKETS = 'flight';

function readJsonCommand(bytes: Uint8Array): WantedRecords {
  const json = parseObject(bytes);
  const unknown = json.members.find(({ name }) => name !== OF_TICKETS && !MEMBERS.includes(name));
  if (unknown !== undefined) {
    throw invalid(`The command has a member "${unknown.name.slice(0, 100)}"; it takes ${MEMBERS.join(', ')}.`);
  }
  const schema = json.get('dataset');
  if (typeof schema !== 'string') throw invalid('The command must name its "dataset".');
  const limit = json.get('limit') ?? null;
  if (limit !== null && !(limit instanceof JsonNumber)) throw invalid('limit must be a whole number from 0.');
  const member = (name: string) => json.get(name) ?? null;
  return {
    kind: 'records',
    schema,
    filters: member('filters'),
    sort: member('sort'),
    fields: member('fields'),
    limit: limit === null ? null : Number(limit.text),
  };
}

function parseObject(bytes: Uint8Array): JsonObject {
  try {
    const json = parseJson(Buffer.from(bytes).toString('utf8'));
    if (json instanceof JsonObject) return json;
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw invalid(`The command is not JSON: ${error.message}.`);
  }
  throw invalid('The command must be a JSON object.');
}

function invalid(message: string): DataForgeError {
  return new DataForgeError('invalid_parameter', message);
}
