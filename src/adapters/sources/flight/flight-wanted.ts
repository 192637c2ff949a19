import { DataForgeError } from '#domain/errors.ts';
import { DESCRIPTOR_COMMAND, DESCRIPTOR_PATH, type FlightDescriptor } from '#formats/flight/flight-messages.ts';
import { CommandStatementQuery, packCommand } from '#formats/flight/flight-sql-messages.ts';
import type { FlightCursor } from './flight-new-rows.ts';
import type { FlightOptions } from './flight-options.ts';

/** What is asked for: by a descriptor, or at once by a ticket. */
export type Wanted =
  | { readonly kind: 'descriptor'; readonly descriptor: Partial<FlightDescriptor> }
  | { readonly kind: 'ticket'; readonly ticket: Uint8Array }
  /** A query with placeholders, all of which take the value from which rows are new. */
  | { readonly kind: 'prepared'; readonly query: string; readonly placeholders: number; readonly since: Since };

/** The value from which rows are new. */
export interface Since {
  readonly value: string;
  readonly isNumber: boolean;
}

const PLACE = '{since}';
const NUMBER = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i;

/** The value from which rows are new: that of the cursor, else where the first run begins. */
export function sinceOf({ incremental }: FlightOptions, cursor: FlightCursor | null): Since | null {
  const border = cursor?.border ?? null;
  if (border !== null) return { value: border.value, isNumber: cursor?.isNumber === true };
  const start = incremental?.start ?? null;
  return start === null ? null : { value: start, isNumber: NUMBER.test(start) };
}

/**
 * What the options ask for, with the value from which rows are new in its place.
 * @throws DataForgeError `invalid_configuration`
 */
export function wantedOf(options: FlightOptions, since: Since | null): Wanted {
  const { query, path, command, ticket } = options;
  if ([query, path, command, ticket].filter((given) => given !== null).length !== 1) {
    throw invalid('A source of Arrow Flight needs one of query, path, command and ticket.');
  }
  if (query !== null) {
    const text = queryOf(query, options.incremental, since);
    const placeholders = isBound(options.incremental, since) ? text.split(PLACE).length - 1 : 0;
    if (placeholders > 0 && since !== null) {
      return { kind: 'prepared', query: text.replaceAll(PLACE, '?'), placeholders, since };
    }
    return commandOf(packCommand('CommandStatementQuery', CommandStatementQuery, { query: text }));
  }
  if (path !== null) {
    const parts = path.map((part) => fill(part, since, plainText));
    return { kind: 'descriptor', descriptor: { type: DESCRIPTOR_PATH, path: parts } };
  }
  if (command !== null) return commandOf(Buffer.from(fill(command, since, jsonText)));
  return { kind: 'ticket', ticket: Buffer.from(fill(ticket ?? '', since, jsonText)) };
}

function commandOf(cmd: Uint8Array): Wanted {
  return { kind: 'descriptor', descriptor: { type: DESCRIPTOR_COMMAND, cmd } };
}

function isBound(incremental: FlightOptions['incremental'], since: Since | null): boolean {
  return incremental?.by === 'parameter' && since !== null;
}

function queryOf(query: string, incremental: FlightOptions['incremental'], since: Since | null): string {
  const write = isBound(incremental, since) ? () => PLACE : sqlText;
  if (incremental === null || query.includes(PLACE)) return fill(query, since, write);
  const column = `"${incremental.column.replaceAll('"', '""')}"`;
  const condition = since === null ? `${column} IS NOT NULL` : `${column} >= ${write(since)}`;
  const inner = query.trim().replace(/;$/, '');
  return `SELECT * FROM (${inner}) AS source WHERE ${condition} ORDER BY ${column}`;
}

function fill(text: string, since: Since | null, write: (since: Since) => string): string {
  if (!text.includes(PLACE)) return text;
  if (since === null) throw invalid('The source has {since}; write incremental with a column and where it starts.');
  return text.replaceAll(PLACE, write(since));
}

function sqlText({ value, isNumber }: Since): string {
  return isNumber ? value : `'${value.replaceAll("'", "''")}'`;
}

function jsonText({ value, isNumber }: Since): string {
  return isNumber ? value : JSON.stringify(value);
}

function plainText({ value }: Since): string {
  return value;
}

function invalid(message: string): DataForgeError {
  return new DataForgeError('invalid_configuration', message);
}
