import { DataForgeError } from '#domain/errors.ts';
import { JsonNumber, type JsonObject, kindOfJson } from '#domain/record/json.ts';
import { invalid, parseObject, textMember } from '../json-body.ts';
import { SQL_MEMBERS } from '../sql-request.ts';

/** What a client may say, with the members of each message besides `type`. */
export const CLIENT_MESSAGES = {
  authenticate: ['token'],
  subscribe: ['id', 'schema_name', 'filters', 'since'],
  live: ['id', 'schema_name', 'filters', 'sort'],
  query: ['id', 'schema_name', 'filters', 'sort', 'fields', ...SQL_MEMBERS],
  insert: ['id', 'schema_name', 'data', 'on_conflict', 'idempotency_key'],
  cancel: ['id'],
  ping: [],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type ClientMessageType = keyof typeof CLIENT_MESSAGES;

export interface ClientMessage {
  readonly type: ClientMessageType;
  readonly json: JsonObject;
  /** The text as it came. */
  readonly text: Uint8Array;
}

const MAX_ID = 64;

/** @throws DataForgeError `invalid_body` where it is no message of the protocol */
export function readMessage(text: Uint8Array, isBinary: boolean): ClientMessage {
  if (isBinary) throw invalid('', 'A message is JSON text; send a text frame.');
  const all = ['type', ...new Set(Object.values(CLIENT_MESSAGES).flat())];
  const json = parseObject(text, all);
  const type = textMember(json, 'type');
  if (!isMessageType(type)) {
    const known = Object.keys(CLIENT_MESSAGES).join(', ');
    throw invalid('/type', `The type "${type.slice(0, 100)}" is not known; the types are ${known}.`);
  }
  const members: readonly string[] = CLIENT_MESSAGES[type];
  for (const { name } of json.members) {
    if (name === 'type' || members.includes(name)) continue;
    const may = members.length === 0 ? 'it has none besides type' : `its members are ${members.join(', ')}`;
    throw invalid(`/${name}`, `A message of the type ${type} has no member "${name}"; ${may}.`);
  }
  return { type, json, text };
}

function isMessageType(type: string): type is ClientMessageType {
  return Object.hasOwn(CLIENT_MESSAGES, type);
}

/** The id that a client has given to what it asks for. */
export function readId(json: JsonObject): string {
  const id = textMember(json, 'id');
  if (isId(id)) return id;
  throw invalid('/id', `id must have 1 to ${MAX_ID} characters.`);
}

/** The same of a message that may be wrong in every way; null where it has none. */
export function findId(text: Uint8Array): string | null {
  try {
    const { id } = JSON.parse(Buffer.from(text).toString('utf8')) as { id?: unknown };
    return typeof id === 'string' && isId(id) ? id : null;
  } catch {
    return null;
  }
}

function isId(text: string): boolean {
  return text.length >= 1 && text.length <= MAX_ID;
}

/** A member that is a whole number from 0; null where it is left out. */
export function countMember(json: JsonObject, name: string): number | null {
  const value = json.get(name) ?? null;
  if (value === null) return null;
  const count = value instanceof JsonNumber ? Number(value.text) : Number.NaN;
  if (Number.isSafeInteger(count) && count >= 0) return count;
  const message = `${name} must be a whole number from 0.`;
  throw new DataForgeError('invalid_parameter', message, { faults: [{ pointer: `/${name}`, message }] });
}

/** A member that is text; null where it is left out. */
export function optionalText(json: JsonObject, name: string): string | null {
  const value = json.get(name) ?? null;
  if (value === null || typeof value === 'string') return value;
  throw invalid(`/${name}`, `${name} must be a string, not ${kindOfJson(value)}.`);
}
