import type { CreateRecordsRequest } from '#application/records/commands/create-records.ts';
import { JsonArray, kindOfJson } from '#domain/record/json.ts';
import { invalid, parseBody, parseObject, textMember } from '../json-body.ts';

export interface BulkBody {
  readonly schema: string;
  readonly rows: CreateRecordsRequest['rows'];
}

export interface BulkBodyLimits {
  /** Rows up to which a body counts as small. */
  readonly inlineRows: number;
  /** Bytes up to which it is looked whether it is. */
  readonly inlineBytes: number;
}

/**
 * Reads `{"schema_name", "data": […]}`. A small body is parsed here; of a large one only the frame is, and the rows go
 * on as the text they came as, for the engine to read in blocks.
 */
export function readBulkBody(bytes: Buffer, limits: BulkBodyLimits): BulkBody {
  if (bytes.length > limits.inlineBytes) return readFrame(bytes);
  const json = parseObject(bytes, ['schema_name', 'data']);
  const schema = textMember(json, 'schema_name');
  const data = json.get('data');
  if (data === undefined) throw invalid('/data', 'data is missing.');
  if (!(data instanceof JsonArray)) throw invalid('/data', `data must be an array of rows, not ${kindOfJson(data)}.`);
  return data.items.length > limits.inlineRows
    ? readFrame(bytes)
    : { schema, rows: { kind: 'parsed', items: data.items } };
}

const [QUOTE, BACKSLASH, COLON, COMMA] = [0x22, 0x5c, 0x3a, 0x2c];
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d];

/** Finds the members of the frame without parsing the rows; whatever is between their brackets is the engine's to judge. */
function readFrame(bytes: Buffer): BulkBody {
  let schema: string | null = null;
  let data: Buffer | null = null;
  let at = skipSpace(bytes, bytes.indexOf('\ufeff') === 0 ? 3 : 0);
  at = expect(bytes, at, OPEN_BRACE, 'an object with schema_name and data');
  for (;;) {
    at = skipSpace(bytes, at);
    const nameEnd = endOfString(bytes, at);
    const name = parseBody(bytes.subarray(at, nameEnd));
    at = skipSpace(bytes, expect(bytes, skipSpace(bytes, nameEnd), COLON, '":"'));
    const isLast = name === 'data' && schema !== null && bytes[at] === OPEN_BRACKET;
    const end = (isLast ? endOfLastArray(bytes) : null) ?? endOfValue(bytes, at);
    const value = bytes.subarray(at, end);
    if (name === 'schema_name' && schema === null) schema = readSchemaName(value);
    else if (name === 'data' && data === null) data = value;
    else
      throw invalid('', `${JSON.stringify(name)} is named twice or not known here; the members are schema_name, data.`);
    at = skipSpace(bytes, end);
    if (bytes[at] !== COMMA) break;
    at++;
  }
  at = skipSpace(bytes, expect(bytes, at, CLOSE_BRACE, '"," or "}"'));
  if (at < bytes.length) throw invalid('', `The body is not JSON: there is text behind its end, at byte ${at + 1}.`);
  if (schema === null) throw invalid('/schema_name', 'schema_name is missing.');
  if (data === null) throw invalid('/data', 'data is missing.');
  if (data[0] !== OPEN_BRACKET) throw invalid('/data', 'data must be an array of rows.');
  return { schema, rows: { kind: 'text', json: data } };
}

function readSchemaName(value: Buffer): string {
  const json = parseBody(value);
  if (typeof json === 'string') return json;
  throw invalid('/schema_name', `schema_name must be a string, not ${kindOfJson(json)}.`);
}

/**
 * Where the array ends if it is the last thing in the body, as it nearly always is, seen from the end. Should something
 * else stand between, the engine meets text behind an array and refuses the body all the same.
 */
function endOfLastArray(bytes: Buffer): number | null {
  let at = skipSpaceBack(bytes, bytes.length - 1);
  if (bytes[at] !== CLOSE_BRACE) return null;
  at = skipSpaceBack(bytes, at - 1);
  return bytes[at] === CLOSE_BRACKET ? at + 1 : null;
}

function endOfValue(bytes: Buffer, start: number): number {
  let depth = 0;
  for (let at = start; at < bytes.length; ) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = endOfString(bytes, at);
      if (depth === 0) return at;
      continue;
    }
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      if (depth === 0) return at;
      depth--;
      if (depth === 0) return at + 1;
    } else if (byte === COMMA && depth === 0) return at;
    at++;
  }
  throw cutOff();
}

function endOfString(bytes: Buffer, start: number): number {
  if (bytes[start] !== QUOTE) throw invalid('', `The body is not JSON: expected a string at byte ${start + 1}.`);
  for (let quote = bytes.indexOf(QUOTE, start + 1); quote !== -1; quote = bytes.indexOf(QUOTE, quote + 1)) {
    let escapes = 0;
    while (bytes[quote - 1 - escapes] === BACKSLASH) escapes++;
    if (escapes % 2 === 0) return quote + 1;
  }
  throw cutOff();
}

function expect(bytes: Buffer, at: number, byte: number, what: string): number {
  if (bytes[at] === byte) return at + 1;
  if (at >= bytes.length) throw cutOff();
  throw invalid('', `The body is not JSON as it is wanted here: expected ${what} at byte ${at + 1}.`);
}

function cutOff(): Error {
  return invalid('', 'The body is not JSON: it ends too early.');
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function skipSpace(bytes: Buffer, start: number): number {
  let at = start;
  while (isSpace(bytes[at])) at++;
  return at;
}

function skipSpaceBack(bytes: Buffer, start: number): number {
  let at = start;
  while (isSpace(bytes[at])) at--;
  return at;
}
