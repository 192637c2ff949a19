import { DataForgeError } from '#domain/errors.ts';
import { type Json, JsonArray, JsonNumber, jsonFrom } from '#domain/record/json.ts';
import type { NamedField } from './fields.ts';

/** A sort as every protocol sends it; the enum of a dataset stands for the names already. */
export function sortOf(sort: unknown): Json {
  return sort === undefined || sort === null ? null : jsonFrom(sort);
}

/** The properties among the fields; the system fields are in every record. */
export function namesOf(fields: readonly NamedField[]): Json {
  return new JsonArray(fields.filter(({ kind }) => kind === 'property').map(({ field }) => field));
}

/** A number, null where it is absent. */
export function number(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

/** A text, null where it is absent. */
export function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** A value of a natural key as text. */
export function keyText(value: unknown): string {
  return value instanceof JsonNumber ? value.text : String(value);
}

/** GraphQL says null for a record that is not there. */
export async function orNull<T>(read: Promise<T>): Promise<T | null> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof DataForgeError && error.code === 'unknown_record') return null;
    throw error;
  }
}
