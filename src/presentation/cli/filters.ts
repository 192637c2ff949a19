import { InvalidArgumentError } from 'commander';
import { type Json, JsonArray, JsonObject, JsonSyntaxError, parseJson, writeJson } from '#domain/record/json.ts';

const OPERATORS = ['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'like', 'ilike', 'is_null', 'is_not_null'];
const SIMPLE = new RegExp(`^(.+?)\\s+(${OPERATORS.join('|')})(?:\\s+([\\s\\S]+))?$`);

/**
 * One `--filter`: the API's JSON (an item or a list of them), or `FIELD OPERATOR VALUE`, whose value is JSON where it
 * can be read as such and else a text.
 */
export function readFilter(text: string, earlier: readonly Json[] = []): readonly Json[] {
  const trimmed = text.trim();
  if (/^[[{]/.test(trimmed)) {
    const json = jsonOrNothing(trimmed);
    if (json instanceof JsonArray) return [...earlier, ...json.items];
    if (json instanceof JsonObject) return [...earlier, json];
    throw new InvalidArgumentError('It begins like JSON and is none.');
  }
  const [, field, operator, value] = SIMPLE.exec(trimmed) ?? [];
  if (field === undefined || operator === undefined) {
    throw new InvalidArgumentError(
      `Write FIELD OPERATOR VALUE with one of ${OPERATORS.join(', ')}, or the API's JSON.`,
    );
  }
  const members = [
    { name: 'field', value: field },
    { name: 'operator', value: operator },
  ];
  const json = value === undefined ? undefined : (jsonOrNothing(value) ?? value);
  return [...earlier, new JsonObject(json === undefined ? members : [...members, { name: 'value', value: json }])];
}

function jsonOrNothing(text: string): Json | undefined {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof JsonSyntaxError) return undefined;
    throw error;
  }
}

/** One `--sort`: `FIELD`, `FIELD:asc`, `FIELD:desc`, several with commas. */
export function readSort(text: string, earlier: readonly Json[] = []): readonly Json[] {
  const keys = text.split(',').map((item) => {
    const [, field = '', order = 'asc'] = /^(.*?)(?::(asc|desc))?$/.exec(item.trim()) ?? [];
    if (field === '') throw new InvalidArgumentError('Write FIELD, FIELD:asc or FIELD:desc.');
    return new JsonObject([
      { name: 'field', value: field },
      { name: 'order', value: order },
    ]);
  });
  return [...earlier, ...keys];
}

/** The query parameter for a list; undefined for none. */
export function parameterOf(items: readonly Json[] | undefined): string | undefined {
  return items === undefined || items.length === 0 ? undefined : writeJson(new JsonArray(items));
}

export function readCount(text: string): number {
  const count = Number(text);
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(count)) throw new InvalidArgumentError('Write a whole number.');
  return count;
}
