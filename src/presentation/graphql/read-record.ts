import type { DbTypeName } from '#domain/dataset/db-type.ts';
import { type Json, JsonArray, JsonNumber, JsonObject, parseJson } from '#domain/record/json.ts';
import type { NamedField } from './fields.ts';

/** A record by the names GraphQL has for its fields. */
export type RecordValues = Readonly<Record<string, unknown>>;

// Node has it (ECMAScript JSON.parse source text access); the types do not yet.
const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown };

/** What only a reading that keeps digits gets right: long numbers, and types that show the digits they have. */
const EXACT: ReadonlySet<DbTypeName> = new Set(['DECIMAL', 'JSON']);
const LONG_NUMBER = /\d{16}/;

/** Reads rendered records of the asked fields, each parsed once. */
export function recordReader(fields: readonly NamedField[]): (json: string) => RecordValues {
  const needsDigits = fields.some(({ type }) => EXACT.has(type));
  const hasBig = fields.some(({ type }) => type === 'BIGINT');
  return (json) =>
    needsDigits || (hasBig && LONG_NUMBER.test(json)) ? readExact(json, fields) : readFast(json, fields);
}

type Plain = Readonly<Record<string, unknown>> & { readonly data: Readonly<Record<string, unknown>> };

function readFast(json: string, fields: readonly NamedField[]): RecordValues {
  const record = JSON.parse(json) as Plain;
  const values: Record<string, unknown> = {};
  for (const { graphql, field, kind } of fields) {
    values[graphql] = kind === 'system' ? record[field.slice(1)] : record.data[field];
  }
  return values;
}

function readExact(json: string, fields: readonly NamedField[]): RecordValues {
  const record = parseJson(json) as JsonObject;
  const data = record.get('data') as JsonObject;
  const values: Record<string, unknown> = {};
  for (const { graphql, field, kind, type } of fields) {
    const value = (kind === 'system' ? record.get(field.slice(1)) : data.get(field)) ?? null;
    values[graphql] = type === 'JSON' ? toPlain(value) : value instanceof JsonNumber ? numberOf(value, type) : value;
  }
  return values;
}

function numberOf({ text }: JsonNumber, type: DbTypeName): unknown {
  if (type === 'DECIMAL') return text;
  const number = Number(text);
  return type === 'BIGINT' && !Number.isSafeInteger(number) ? text : number;
}

/** JSON as `JSON.stringify` writes it back with every digit; member names that are whole numbers come first there. */
export function toPlain(json: Json): unknown {
  if (json instanceof JsonNumber) return rawJSON(json.text);
  if (json instanceof JsonArray) return json.items.map(toPlain);
  if (!(json instanceof JsonObject)) return json;
  const plain: Record<string, unknown> = Object.create(null);
  for (const { name, value } of json.members) plain[name] = toPlain(value);
  return plain;
}
