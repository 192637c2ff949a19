import { DataForgeError } from '#domain/errors.ts';
import type { PushOptions } from '#domain/pipeline/push.ts';
import { type Json, JsonNumber, JsonObject, parseJson } from '#domain/record/json.ts';
import type { SignedRequest } from './check-signature.ts';

/** What became of the events of a request. */
export interface TakenEvents {
  readonly stored: number;
  /** Events that had been stored before, and were not stored again. */
  readonly repeated: number;
}

/** What counts once however often it is sent. */
export interface PushedEvent {
  /** null where nothing tells it from another. */
  readonly id: string | null;
  /** Its rows as NDJSON, with an end of the last line. */
  readonly rows: Uint8Array;
}

const LONGEST_ID = 500;
const LINE_FEED = 0x0a;

/**
 * The events of a request.
 * @param lines its rows as NDJSON
 * @throws DataForgeError `invalid_body` for no rows, rows that are no objects, and events without the id they are to have
 */
export function eventsOf(options: PushOptions, lines: Uint8Array, { header }: SignedRequest): readonly PushedEvent[] {
  const rows = rowsOf(lines);
  if (rows.length === 0) throw new DataForgeError('invalid_body', 'The body has no event; send at least one.');
  const members = headerMembers(options, header);
  const { eventId, signature } = options;
  if (eventId?.kind === 'field') {
    return rows.map((row, index) => ({
      id: idWithin(row, eventId.name, index),
      rows: withMembers(row, members, index),
    }));
  }
  const all = Buffer.concat(rows.map((row, index) => withMembers(row, members, index)));
  const name = eventId?.name ?? (signature?.kind === 'standard' ? 'webhook-id' : null);
  return [{ id: name === null ? null : requireId(header(name.toLowerCase()), `header ${name}`), rows: all }];
}

function rowsOf(lines: Uint8Array): readonly Buffer[] {
  const bytes = Buffer.from(lines.buffer, lines.byteOffset, lines.byteLength);
  const rows: Buffer[] = [];
  for (let from = 0; from < bytes.length; ) {
    const end = bytes.indexOf(LINE_FEED, from);
    const row = bytes.subarray(from, end < 0 ? bytes.length : end);
    if (row.toString().trim() !== '') rows.push(row);
    from += row.length + 1;
  }
  return rows;
}

/** The members that events get of headers, as they stand within an object: `"kind":"push"`. */
function headerMembers({ headers }: PushOptions, header: SignedRequest['header']): string {
  const members = Object.entries(headers).map(([member, name]) => {
    return `${JSON.stringify(member)}:${JSON.stringify(header(name.toLowerCase()))}`;
  });
  return members.join(',');
}

/** The row with members in front of its own, and an end of its line. */
function withMembers(row: Buffer, members: string, index: number): Buffer {
  const text = row.toString().trim();
  if (!text.startsWith('{')) throw notAnObject(index);
  if (members === '') return Buffer.from(`${text}\n`);
  const own = text.slice(1).trimStart();
  return Buffer.from(`{${members}${own.startsWith('}') ? '' : ','}${own}\n`);
}

function idWithin(row: Buffer, path: string, index: number): string {
  let value: Json | undefined;
  try {
    value = parseJson(row.toString());
  } catch (cause) {
    throw new DataForgeError('invalid_body', `Event ${index + 1} of the body is not JSON.`, { cause });
  }
  for (const name of path.split('.')) value = value instanceof JsonObject ? value.get(name) : undefined;
  const id = value instanceof JsonNumber ? value.text : value;
  return requireId(typeof id === 'string' ? id : null, `member ${path} of event ${index + 1}`);
}

function requireId(id: string | null, place: string): string {
  if (id !== null && id !== '' && id.length <= LONGEST_ID) return id;
  const message = `The id of the event is expected in the ${place}, as a text or number of at most ${LONGEST_ID} characters.`;
  throw new DataForgeError('invalid_body', message);
}

function notAnObject(index: number): DataForgeError {
  return new DataForgeError('invalid_body', `Event ${index + 1} of the body is no JSON object.`);
}
