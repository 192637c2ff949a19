import type { Fault } from '../errors.ts';
import { type Json, JsonArray, JsonNumber, JsonObject, kindOfJson } from '../record/json.ts';
import { didYouMean } from '../text/suggest.ts';
import { formatDuration, parseDuration } from './duration.ts';
import { pointerTo } from './object-reader.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** Where a value stands in a file. */
export interface FilePlace {
  readonly pointer: string;
  /** How messages call it: `source.paging.size`. */
  readonly path: string;
  readonly faults: Fault[];
}

/**
 * A member that an object of a file may have, described once: the published schema and the reader are both made of it,
 * so that they say the same.
 */
export interface Option<T> {
  readonly schema: JsonSchema;
  /** What the member is where the file does not name it, or names it null; null: the file must. */
  readonly absent: { readonly value: T } | null;
  /** @returns undefined where the value is at fault, which `place.faults` then tells */
  read(json: Exclude<Json, null>, place: FilePlace): T | undefined;
}

/** Notes what is wrong with the value at a place; `message` goes on behind its name. */
export function faultAt({ pointer, path, faults }: FilePlace, message: string): undefined {
  faults.push({ pointer, message: `${path} ${message}` });
  return undefined;
}

/** The place of a member of an object, or of an item of a list. */
export function placeWithin({ pointer, path, faults }: FilePlace, key: string | number): FilePlace {
  const inner = typeof key === 'number' ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
  return { pointer: pointerTo(pointer, key), path: inner, faults };
}

/** The same option, which may be left out. */
export function optional<T>(option: Option<T>): Option<T | null> {
  return { ...option, schema: nullable(option.schema), absent: { value: null } };
}

/** The same option with a value for where it is left out; `shown` is how a file would write that. */
export function withDefault<T>(option: Option<T>, value: T, shown: unknown = value): Option<T> {
  return { ...option, schema: { ...nullable(option.schema), default: shown }, absent: { value } };
}

function nullable(schema: JsonSchema): JsonSchema {
  const { description, ...rest } = schema;
  if (typeof rest.type === 'string') return { ...schema, type: [rest.type, 'null'] };
  if (Array.isArray(rest.enum)) return { ...schema, enum: [...rest.enum, null] };
  return { description, anyOf: [rest, { type: 'null' }] };
}

interface TextRules {
  /** What it must look like, and the words that say so. */
  readonly pattern?: RegExp;
  readonly shape?: string;
}

/** A text that is not empty. */
export function text(description: string, { pattern, shape }: TextRules = {}): Option<string> {
  return {
    schema: { description, type: 'string', minLength: 1, ...(pattern && { pattern: pattern.source }) },
    absent: null,
    read(json, place) {
      if (typeof json !== 'string') {
        const quoted = json instanceof JsonNumber ? `; put it in quotes: "${json.text}"` : '';
        return faultAt(place, `must be a text, not ${kindOfJson(json)}${quoted}`);
      }
      if (json === '') return faultAt(place, 'must not be empty');
      if (pattern?.test(json) === false) return faultAt(place, `must be ${shape}, not "${json}"`);
      return json;
    },
  };
}

/** One of a closed list of words. */
export function word<const T extends string>(description: string, words: readonly T[]): Option<T> {
  return {
    schema: { description, enum: words },
    absent: null,
    read(json, place) {
      const known = words.find((candidate) => candidate === json);
      if (known !== undefined) return known;
      const given = typeof json === 'string' ? `"${json}"${didYouMean(json, words)}` : kindOfJson(json);
      return faultAt(place, `must be one of ${words.join(', ')}, not ${given}`);
    },
  };
}

export function flag(description: string): Option<boolean> {
  const option: Option<boolean> = {
    schema: { description, type: 'boolean' },
    absent: null,
    read(json, place) {
      if (typeof json === 'boolean') return json;
      return faultAt(place, `must be true or false, not ${typeof json === 'string' ? `"${json}"` : kindOfJson(json)}`);
    },
  };
  return withDefault(option, false);
}

/** A whole number. */
export function count(description: string, least: number, most: number): Option<number> {
  return {
    schema: { description, type: 'integer', minimum: least, maximum: most },
    absent: null,
    read(json, place) {
      const value = json instanceof JsonNumber ? Number(json.text) : Number.NaN;
      if (Number.isInteger(value) && value >= least && value <= most) return value;
      const given = json instanceof JsonNumber ? json.text : kindOfJson(json);
      return faultAt(place, `must be a whole number from ${least} to ${most}, not ${given}`);
    },
  };
}

/** A span of time, in milliseconds once it is read. */
export function duration(description: string, least = 0): Option<number> {
  const shape = 'a span of time like 500ms, 30s, 10m, 12h or 7d';
  return {
    schema: { description, type: 'string', pattern: '^[0-9]{1,9} ?(ms|s|m|h|d)$' },
    absent: null,
    read(json, place) {
      const span = typeof json === 'string' ? parseDuration(json) : null;
      if (span === null) {
        return faultAt(place, `must be ${shape}, not ${typeof json === 'string' ? `"${json}"` : kindOfJson(json)}`);
      }
      return span >= least ? span : faultAt(place, `must be at least ${formatDuration(least)}`);
    },
  };
}

/** Items of one kind; one alone need not stand in a list. */
export function list<T>(description: string, item: Option<T>): Option<readonly T[]> {
  return {
    schema: { description, anyOf: [{ type: 'array', items: item.schema }, item.schema] },
    absent: null,
    read(json, place) {
      if (!(json instanceof JsonArray)) {
        const only = item.read(json, place);
        return only === undefined ? undefined : [only];
      }
      const values = json.items.map((value, index) => {
        const within = placeWithin(place, index);
        return value === null ? faultAt(within, 'must not be null') : item.read(value, within);
      });
      return values.includes(undefined) ? undefined : (values as readonly T[]);
    },
  };
}

/** An object or a list that is handed on as it stands. */
export function json(description: string, type: 'object' | 'array'): Option<Json> {
  const isOfType = (value: Json) => value instanceof (type === 'object' ? JsonObject : JsonArray);
  return {
    schema: { description, type },
    absent: null,
    read(value, place) {
      if (isOfType(value)) return value;
      return faultAt(place, `must be ${type === 'object' ? 'an object' : 'a list'}, not ${kindOfJson(value)}`);
    },
  };
}

/** Any names, each with a value of one kind; read into an object without a prototype. */
export function named<T>(description: string, item: Option<T>): Option<Readonly<Record<string, T>>> {
  return {
    schema: { description, type: 'object', additionalProperties: item.schema },
    absent: { value: {} },
    read(json, place) {
      if (!(json instanceof JsonObject)) return faultAt(place, `must be an object, not ${kindOfJson(json)}`);
      const values: Record<string, T> = Object.create(null);
      let isWhole = true;
      for (const { name, value } of json.members) {
        const within = placeWithin(place, name);
        const read = value === null ? faultAt(within, 'must not be null') : item.read(value, within);
        if (read === undefined) isWhole = false;
        else values[name] = read;
      }
      return isWhole ? values : undefined;
    },
  };
}

/** The first of several options that can make something of a value; the last one tells the faults. */
export function either<A, B>(description: string, first: Option<A>, second: Option<B>): Option<A | B> {
  return {
    schema: { description, anyOf: [first.schema, second.schema] },
    absent: null,
    read(json, place) {
      const value = first.read(json, { ...place, faults: [] });
      return value ?? second.read(json, place);
    },
  };
}
