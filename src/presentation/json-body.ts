import { DataForgeError } from '#domain/errors.ts';
import { type Json, JsonObject, JsonSyntaxError, kindOfJson, parseJson } from '#domain/record/json.ts';
import { pointer } from '#domain/record/validate-row.ts';

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** Parses a body of JSON. */
export function parseBody(bytes: Uint8Array): Json {
  let text: string;
  try {
    text = UTF8.decode(bytes);
  } catch (cause) {
    throw new DataForgeError('invalid_body', 'The body is not valid UTF-8.', { cause });
  }
  try {
    return parseJson(text);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw new DataForgeError('invalid_body', `The body is not JSON: ${error.message}.`, {
      faults: [{ pointer: '', message: error.message }],
    });
  }
}

/** A body that must be an object with no members but those known, each at most once. */
export function parseObject(bytes: Uint8Array, known: readonly string[]): JsonObject {
  const json = parseBody(bytes);
  if (!(json instanceof JsonObject)) {
    throw invalid('', `The body must be an object with ${known.join(', ')}, not ${kindOfJson(json)}.`);
  }
  for (const [index, { name }] of json.members.entries()) {
    if (json.members.findIndex((member) => member.name === name) < index)
      throw invalid(pointer('', name), `"${name.slice(0, 100)}" is named twice; name it once.`);
    if (!known.includes(name)) {
      throw invalid(
        pointer('', name),
        `"${name.slice(0, 100)}" is not known here; the members are ${known.join(', ')}.`,
      );
    }
  }
  return json;
}

/** A member that must be text. */
export function textMember(json: JsonObject, name: string): string {
  const value = json.get(name);
  if (typeof value === 'string') return value;
  throw invalid(
    pointer('', name),
    value === undefined ? `${name} is missing.` : `${name} must be a string, not ${kindOfJson(value)}.`,
  );
}

export function invalid(at: string, message: string): DataForgeError {
  return new DataForgeError('invalid_body', message, { faults: [{ pointer: at, message }] });
}
