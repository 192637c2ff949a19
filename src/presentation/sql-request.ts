import type { RunSqlRequest } from '#application/sql/queries/run-sql.ts';
import { DataForgeError } from '#domain/errors.ts';
import { type Json, JsonArray, JsonNumber, JsonObject } from '#domain/record/json.ts';
import type { SqlParameter, SqlParameters } from '#domain/sql/sql-type.ts';
import { invalid, textMember } from './json-body.ts';

export const SQL_MEMBERS = ['sql', 'params', 'limit', 'timeout_ms'];

/** What is asked for in SQL, out of a JSON object. */
export function readSqlRequest(json: JsonObject): RunSqlRequest {
  return {
    sql: textMember(json, 'sql'),
    parameters: readParameters(json.get('params') ?? null),
    limit: countMember(json, 'limit'),
    timeout: countMember(json, 'timeout_ms'),
  };
}

function readParameters(json: Json): SqlParameters {
  if (json === null) return [];
  if (json instanceof JsonArray) return json.items.map((item, index) => readParameter(item, `/params/${index}`));
  if (!(json instanceof JsonObject)) throw invalid('/params', 'params must be an array or an object.');
  return Object.fromEntries(json.members.map(({ name, value }) => [name, readParameter(value, `/params/${name}`)]));
}

function readParameter(json: Json, at: string): SqlParameter {
  if (json === null || typeof json === 'string' || typeof json === 'boolean') return json;
  if (!(json instanceof JsonNumber)) throw invalid(at, 'A parameter must be a string, a number, a boolean or null.');
  if (!/^-?\d+$/.test(json.text)) return Number(json.text);
  const number = Number(json.text);
  return Number.isSafeInteger(number) ? number : BigInt(json.text);
}

function countMember(json: JsonObject, name: 'limit' | 'timeout_ms'): number | null {
  const value = json.get(name) ?? null;
  if (value === null) return null;
  const count = value instanceof JsonNumber ? Number(value.text) : Number.NaN;
  if (Number.isSafeInteger(count) && count >= 0) return count;
  throw new DataForgeError('invalid_parameter', `${name} must be a whole number from 0.`, {
    faults: [{ pointer: `/${name}`, message: 'must be a whole number from 0' }],
  });
}
