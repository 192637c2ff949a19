import type { DbType } from '../dataset/db-type.ts';
import { type Json, JsonNumber, parseJson } from './json.ts';
import type { Value } from './value.ts';

/** A canonical value as exact JSON: the opposite of `readJsonValue`. */
export function jsonOfValue(type: DbType, value: Value): Json {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'number' || typeof value === 'bigint') return new JsonNumber(String(value));
  if (type.name === 'DECIMAL') return new JsonNumber(value);
  return type.name === 'JSON' ? parseJson(value) : value;
}
