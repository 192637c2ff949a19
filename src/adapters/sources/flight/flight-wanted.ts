import { DataForgeError } from '#domain/errors.ts';
import { DESCRIPTOR_COMMAND, DESCRIPTOR_PATH, type FlightDescriptor } from '#formats/flight/flight-messages.ts';
import { CommandStatementQuery, packCommand } from '#formats/flight/flight-sql-messages.ts';
import type { FlightCursor } from './flight-new-rows.ts';
import type { FlightOptions } from './flight-options.ts';

/** What is asked for: by a descriptor, or at once by a ticket. */
export type Wanted =
  | { readonly kind: 'descriptor'; readonly descriptor: Partial<FlightDescriptor> }
  | { readonly kind: 'ticket'; readonly ticket: Uint8Array }
  /** A query with a placeholder for each of the values. */
  | { readonly kind: 'prepared'; readonly query: string; readonly values: readonly ColumnValue[] };

/** A value of the column by which rows are known to be new. */
export interface ColumnValue {
  readonly value: string;
  readonly isNumber: boolean;
}

const PLACE = '{since}';
const NUMBER = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i;

/** Whether a query is asked within one that selects the rows wanted and sorts them. */
export function isAskedWithin({ query, incremental }: FlightOptions): boolean {
  return query !== null && incremental !== null && !query.includes(PLACE);
}

/** The value that a text stands for, where nobody knows what the column holds. */
export function guessedValue(text: string): ColumnValue {
  return { value: text, isNumber: NUMBER.test(text) };
}

/** The value from which rows are new: that of the cursor, else where the first run begins. */
export function sinceOf({ incremental }: FlightOptions, cursor: FlightCursor | null): ColumnValue | null {
  const border = cursor?.border ?? null;
  if (border !== null) return { value: border.value, isNumber: cursor?.isNumber === true };
  const start = incremental?.start ?? null;
  return start === null ? null : guessedValue(start);
}

/**
 * What the options ask for, with the value from which rows are new in its place.
 * @param until the value from which rows are not wanted any more; where the query is not ours it gives them nevertheless
 * @throws DataForgeError `invalid_configuration`
 */
export function wantedOf(options: FlightOptions, since: ColumnValue | null, until: ColumnValue | null = null): Wanted {
  const { query, path, command, ticket, incremental } = options;
  if ([query, path, command, ticket].filter((given) => given !== null).length !== 1) {
    throw invalid('A source of Arrow Flight needs one of query, path, command and ticket.');
  }
  if (query !== null) {
    const values: ColumnValue[] = [];
    const bind = (value: ColumnValue) => {
      values.push(value);
      return '?';
    };
    const write = incremental?.by === 'parameter' ? bind : sqlText;
    const text = isAskedWithin(options)
      ? queryAround(query, incremental?.column ?? '', { since, until }, write)
      : fill(query, since, write);
    if (values.length > 0) return { kind: 'prepared', query: text, values };
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

function queryAround(
  query: string,
  column: string,
  { since, until }: { readonly since: ColumnValue | null; readonly until: ColumnValue | null },
  write: (value: ColumnValue) => string,
): string {
  const name = `"${column.replaceAll('"', '""')}"`;
  const conditions = [
    since === null ? `${name} IS NOT NULL` : `${name} >= ${write(since)}`,
    ...(until === null ? [] : [`${name} < ${write(until)}`]),
  ];
  const inner = query.trim().replace(/;$/, '');
  return `SELECT * FROM (${inner}) AS source WHERE ${conditions.join(' AND ')} ORDER BY ${name}`;
}

function fill(text: string, since: ColumnValue | null, write: (value: ColumnValue) => string): string {
  if (!text.includes(PLACE)) return text;
  if (since === null) throw invalid('The source has {since}; write incremental with a column and where it starts.');
  return text.replaceAll(PLACE, () => write(since));
}

function sqlText({ value, isNumber }: ColumnValue): string {
  return isNumber ? value : `'${value.replaceAll("'", "''")}'`;
}

function jsonText({ value, isNumber }: ColumnValue): string {
  return isNumber ? value : JSON.stringify(value);
}

function plainText({ value }: ColumnValue): string {
  return value;
}

function invalid(message: string): DataForgeError {
  return new DataForgeError('invalid_configuration', message);
}
