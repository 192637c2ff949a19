import { DataForgeError } from '../errors.ts';
import { isUuid } from '../record/id.ts';
import { JsonArray, JsonNumber, parseJson, writeJson } from '../record/json.ts';
import type { Value } from '../record/value.ts';
import { jsonOfValue } from '../record/value-json.ts';
import { Invalid, readJsonValue } from '../record/value-rules.ts';
import { nameOfField, typeOfField } from './field.ts';
import { formatLike } from './like.ts';
import type { Field, Filter, Position, RecordQuery } from './query.ts';

/** What a cursor belongs to; page size and fields may change from page to page. */
export type CursorScope = Pick<RecordQuery, 'dataset' | 'filter' | 'sort'>;

const FORMAT = 1;
const BASE64URL = { alphabet: 'base64url' } as const;

/** Writes a place in the answer of a query as opaque text that is safe in an address. */
export function encodeCursor(scope: CursorScope, position: Position): string {
  const values = scope.sort.map((key, index) => jsonOfValue(typeOfField(key.field), position.values[index] ?? null));
  const json = new JsonArray([new JsonNumber(String(FORMAT)), fingerprint(scope), position.id, ...values]);
  return new TextEncoder().encode(writeJson(json)).toBase64({ ...BASE64URL, omitPadding: true });
}

/**
 * Reads such text.
 * @throws DataForgeError `invalid_page` where it is none, or belongs to another dataset, filter or sort
 */
export function decodeCursor(scope: CursorScope, cursor: string): Position {
  const [format, mark, id, ...values] = readItems(cursor);
  if (!(format instanceof JsonNumber) || format.text !== String(FORMAT) || typeof id !== 'string' || !isUuid(id)) {
    throw garbled();
  }
  if (mark !== fingerprint(scope)) {
    throw new DataForgeError(
      'invalid_page',
      'The cursor belongs to another query; repeat the filters and the sort it came from, or leave the cursor out.',
      { faults: [{ pointer: '/cursor', message: 'The cursor belongs to another query.' }] },
    );
  }
  if (values.length !== scope.sort.length) throw garbled();
  return {
    id: id.toLowerCase(),
    values: scope.sort.map((key, index): Value => {
      const value = readJsonValue(typeOfField(key.field), values[index] ?? null);
      if (value instanceof Invalid) throw garbled();
      return value;
    }),
  };
}

function readItems(cursor: string) {
  try {
    const bytes = Uint8Array.fromBase64(cursor, BASE64URL);
    const json = parseJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (json instanceof JsonArray) return json.items;
  } catch {
    // Whatever is wrong with it, the caller can only take another one.
  }
  throw garbled();
}

function garbled(): DataForgeError {
  return new DataForgeError(
    'invalid_page',
    'The cursor is not one that this server gave out; take next_cursor as it came, or leave the cursor out.',
    { faults: [{ pointer: '/cursor', message: 'The cursor is not one that this server gave out.' }] },
  );
}

function fingerprint(scope: CursorScope): string {
  const sort = scope.sort.map((key) => [nameOfField(key.field), key.order]);
  return hash(JSON.stringify([scope.dataset.name, sort, scope.filter === null ? null : describe(scope.filter)]));
}

/** A filter as a tree of plain values in which equal filters, and only they, look alike. */
function describe(filter: Filter): unknown {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return [filter.kind, ...filter.items.map(describe)];
    case 'not':
      return ['not', describe(filter.item)];
    case 'null':
      return [filter.negated ? 'is_not_null' : 'is_null', nameOfField(filter.field)];
    case 'like':
      return [filter.ignoreCase ? 'ilike' : 'like', nameOfField(filter.field), formatLike(filter.pattern)];
    case 'in':
      return ['in', nameOfField(filter.field), ...filter.values.map((value) => text(filter.field, value))];
    case 'compare':
      return [filter.operator, nameOfField(filter.field), text(filter.field, filter.value)];
  }
}

function text(field: Field, value: Value): string {
  return writeJson(jsonOfValue(typeOfField(field), value));
}

/** Two lanes of 32 bits of FNV-1a: enough to tell queries apart, no secret. */
function hash(input: string): string {
  let a = 0x811c9dc5;
  let b = 0x9e3779b9;
  for (let at = 0; at < input.length; at++) {
    const unit = input.charCodeAt(at);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ (unit + at), 0x85ebca6b) ^ (a >>> 13);
  }
  return (a >>> 0).toString(36) + (b >>> 0).toString(36);
}
