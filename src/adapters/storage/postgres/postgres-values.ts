import type { DbType } from '#domain/dataset/db-type.ts';
import type { Value } from '#domain/record/value.ts';
import { literal } from '../sql/identifier.ts';

/** What goes to the server and comes from it: the text form of a value. */
export type PostgresValue = string | null;

/** A canonical value as the server reads it. */
export function encodeValue(value: Value): PostgresValue {
  if (value === null) return null;
  return Object.is(value, -0) ? '-0' : String(value);
}

/** The canonical value of what the server writes, with `DateStyle` ISO. */
export function decoderOf(type: DbType): (text: PostgresValue) => Value {
  const decode = knownDecoderOf(type);
  return (text) => (text === null ? null : decode(text));
}

function knownDecoderOf(type: DbType): (text: string) => Value {
  switch (type.name) {
    case 'BIGINT':
      return BigInt;
    case 'INTEGER':
    case 'SMALLINT':
    case 'DOUBLE':
      return Number;
    case 'BOOLEAN':
      return (text) => text === 't';
    case 'TIMESTAMP':
      return timestampDecoder();
    default:
      return (text) => text;
  }
}

/** Rows of one commit have the same time: the text of the last one is kept. */
function timestampDecoder(): (text: string) => string {
  let last = '';
  let canonical = '';
  return (text) => {
    if (text !== last) {
      last = text;
      canonical = `${text.slice(0, 10)}T${text.slice(11)}Z`;
    }
    return canonical;
  };
}

/** The server's type of a property, without what limits or orders it: what a parameter is cast to. */
export function parameterType(type: DbType): string {
  switch (type.name) {
    case 'VARCHAR':
    case 'JSON':
      return 'text';
    case 'DOUBLE':
      return 'double precision';
    case 'DECIMAL':
      return 'numeric';
    default:
      return type.name.toLowerCase();
  }
}

/** The server's type of a property's column. Texts are ordered by code point. */
export function columnType(type: DbType): string {
  switch (type.name) {
    case 'VARCHAR':
    case 'JSON':
      return 'text COLLATE "C"';
    case 'DECIMAL':
      return `numeric(${type.precision},${type.scale})`;
    default:
      return parameterType(type);
  }
}

/** Many values as one parameter: the text form of an array. */
export function arrayOf(values: readonly PostgresValue[]): string {
  return `{${values.map((value) => (value === null ? 'NULL' : `"${value.replace(/["\\]/g, '\\$&')}"`)).join(',')}}`;
}

/** A value as an SQL literal, for the few places that take no parameter. */
export function valueLiteral(type: DbType, value: Value): string {
  const text = encodeValue(value);
  return text === null ? 'NULL' : `${stringLiteral(text)}::${parameterType(type)}`;
}

/** A text as a literal that means the same whatever `standard_conforming_strings` says. */
function stringLiteral(text: string): string {
  return text.includes('\\') ? `E${literal(text.replaceAll('\\', '\\\\'))}` : literal(text);
}
