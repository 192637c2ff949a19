import { DataForgeError } from '#domain/errors.ts';
import { arrayItems, blankLineBreaks } from '#formats/json/array-items.ts';
import { findMember, membersOf } from '#formats/json/find-member.ts';
import { parsedJson } from '#formats/json/json-scanner.ts';
import { failureOf, readErrors, said, touchedRows } from './graphql-errors.ts';
import type { GraphqlOptions } from './graphql-options.ts';

/** An answer that is of use. */
export interface GraphqlAnswer {
  /** The rows that are to be stored, as lines of JSON. */
  readonly lines: Uint8Array;
  /** How many the answer has, whatever becomes of them. */
  readonly count: number;
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null } | null;
}

/** Where the rows are: names that lead from `data` to their list, and within its items to the row. */
interface RowPlace {
  readonly list: readonly string[];
  readonly inner: readonly string[];
}

/** What a server says of a connection, whatever it is. */
interface PageInfo {
  readonly hasNextPage?: unknown;
  readonly endCursor?: unknown;
}

const LINE_END = Buffer.from('\n');

/**
 * Takes an answer apart.
 * @param note told of errors beside the rows that are taken
 * @throws DataForgeError `source_failed` where there are errors and no rows, or where the errors beside them are refused;
 * `invalid_body` where it is no whole JSON
 */
export function readAnswer(
  document: Uint8Array,
  options: GraphqlOptions,
  note: (message: string) => void,
): GraphqlAnswer {
  const bytes = Buffer.from(document.buffer, document.byteOffset, document.byteLength);
  blankLineBreaks(bytes);
  // The rows are handed on as they are written; this says only that they are whole.
  parsedJson(bytes);
  const members = membersOf(bytes);
  const errors = readErrors(members.get('errors'));
  const data = members.get('data');
  if (data === undefined || isNull(data)) throw failureOf(errors, data !== undefined);
  if (errors.length > 0 && options.partial === 'refuse') throw failureOf(errors, true);
  const place = placeOf(data, options);
  const list = findMember(data, place.list);
  if (list === null || isNull(list)) {
    if (errors.length > 0) throw failureOf(errors, true);
    throw new DataForgeError('source_failed', `data of the answer has no ${place.list.join('.')}.`);
  }
  if (errors.length > 0) note(`The source says: ${said(errors)}`);
  const leftOut = options.partial === 'skip' ? touchedRows(errors, place.list) : NONE;
  return { ...linesOf(list, place.inner, leftOut), pageInfo: pageInfoOf(data, options) };
}

const NONE: ReadonlySet<number> = new Set();

function linesOf(
  list: Uint8Array,
  inner: readonly string[],
  leftOut: ReadonlySet<number>,
): Pick<GraphqlAnswer, 'lines' | 'count'> {
  const lines: Uint8Array[] = [];
  let count = 0;
  for (const item of arrayItems(list)) {
    const row = isNull(item) ? null : findMember(item, inner);
    if (row !== null && !isNull(row) && !leftOut.has(count)) lines.push(row, LINE_END);
    count++;
  }
  return { lines: Buffer.concat(lines), count };
}

/** A connection has its rows as the nodes of its edges, or as nodes, whichever the query asks for. */
function placeOf(data: Uint8Array, { records, paging }: GraphqlOptions): RowPlace {
  if (records !== null) return { list: records.split('.'), inner: [] };
  const connection = paging?.kind === 'relay' ? paging.connection.split('.') : [];
  const nodes = [...connection, 'nodes'];
  return findMember(data, nodes) === null
    ? { list: [...connection, 'edges'], inner: ['node'] }
    : { list: nodes, inner: [] };
}

function pageInfoOf(data: Uint8Array, { paging }: GraphqlOptions): GraphqlAnswer['pageInfo'] {
  if (paging?.kind !== 'relay') return null;
  const found = findMember(data, [...paging.connection.split('.'), 'pageInfo']);
  const info = found === null ? null : (parsedJson(found) as PageInfo | null);
  const { hasNextPage, endCursor = null } = info ?? {};
  if (typeof hasNextPage === 'boolean' && (typeof endCursor === 'string' || (!hasNextPage && endCursor === null))) {
    return { hasNextPage, endCursor };
  }
  const message = `${paging.connection} of the answer does not tell where the next page is; ask for pageInfo { hasNextPage endCursor }.`;
  throw new DataForgeError('source_failed', message);
}

function isNull(json: Uint8Array): boolean {
  return json[0] === 0x6e;
}
