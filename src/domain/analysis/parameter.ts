import type { FaultList } from '../query/faults.ts';
import { type Json, JsonArray, JsonNumber, JsonObject, kindOfJson } from '../record/json.ts';
import type { AnalysisColumn } from './column.ts';

/** What the parameters of a request are read against. */
export interface ParameterContext {
  readonly columns: readonly AnalysisColumn[];
  /** The columns of the second dataset, for operations that take two. */
  readonly others: readonly AnalysisColumn[];
  readonly faults: FaultList;
}

/** JSON Schema 2020-12. */
type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * One parameter of an operation: how its JSON is read, and the schema that docs and OpenAPI show. `read` adds a fault
 * where a value is not valid; what it returns then is never used.
 */
export interface Parameter<T> {
  readonly schema: JsonSchema;
  readonly required: boolean;
  /** @param json undefined where the request says nothing */
  read(json: Json | undefined, at: string, context: ParameterContext): T;
}

export type Parameters = Readonly<Record<string, Parameter<unknown>>>;
export type ValuesOf<P extends Parameters> = { readonly [K in keyof P]: P[K] extends Parameter<infer T> ? T : never };

/** Reads an object of parameters; members that are none of them are faults. */
export function readParameters<P extends Parameters>(
  parameters: P,
  json: Json | undefined,
  at: string,
  context: ParameterContext,
): ValuesOf<P> {
  const object = json ?? null;
  if (object !== null && !(object instanceof JsonObject)) {
    context.faults.add(at, `${nameAt(at)} must be an object, not ${kindOfJson(object)}.`);
    return {} as ValuesOf<P>;
  }
  if (object !== null) context.faults.checkMembers(object, Object.keys(parameters), at);
  const values: Record<string, unknown> = {};
  for (const [name, parameter] of Object.entries(parameters)) {
    const given = object?.get(name) ?? undefined;
    if (given === undefined && parameter.required) {
      context.faults.add(`${at}/${name}`, `${name} is needed: ${String(parameter.schema.description)}`);
    } else values[name] = parameter.read(given, `${at}/${name}`, context);
  }
  return values as ValuesOf<P>;
}

/** The JSON Schema of an object of parameters. */
export function schemaOf(parameters: Parameters): JsonSchema {
  const required = Object.entries(parameters).flatMap(([name, parameter]) => (parameter.required ? [name] : []));
  return {
    type: 'object',
    properties: Object.fromEntries(Object.entries(parameters).map(([name, { schema }]) => [name, schema])),
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
}

/** The items of an array of so many; none where it is not valid. */
export function readItems(
  json: Json,
  at: string,
  { least, most }: { readonly least: number; readonly most: number },
  faults: FaultList,
): readonly Json[] {
  if (!(json instanceof JsonArray)) {
    faults.add(at, `${nameAt(at)} must be an array, not ${kindOfJson(json)}.`);
    return [];
  }
  if (json.items.length >= least && json.items.length <= most) return json.items;
  faults.add(at, `${nameAt(at)} must have ${least} to ${most} items, not ${json.items.length}.`);
  return [];
}

/** A list of objects or of simple values. */
export function listOf<T>(
  item: Parameter<T>,
  description: string,
  rule: { readonly least?: number; readonly most: number; readonly fallback?: readonly T[] },
): Parameter<readonly T[]> {
  const { least = 1, most, fallback } = rule;
  return {
    schema: { type: 'array', items: item.schema, minItems: least, maxItems: most, description },
    required: fallback === undefined,
    read: (json, at, context) =>
      json === undefined
        ? (fallback ?? [])
        : readItems(json, at, { least, most }, context.faults).map((one, index) =>
            item.read(one, `${at}/${index}`, context),
          ),
  };
}

/** An object of parameters inside a parameter. */
export function objectOf<P extends Parameters>(parameters: P, description: string): Parameter<ValuesOf<P>> {
  return {
    schema: { ...schemaOf(parameters), description },
    required: true,
    read: (json, at, context) => readParameters(parameters, json, at, context),
  };
}

/** One of a few words; where nothing is said, `fallback`. */
export function oneOf<const T extends string>(words: readonly T[], description: string, fallback?: T): Parameter<T> {
  return {
    schema: { type: 'string', enum: words, description, ...(fallback === undefined ? {} : { default: fallback }) },
    required: fallback === undefined,
    read: (json, at, { faults }) => {
      if (json === undefined && fallback !== undefined) return fallback;
      const word = words.find((candidate) => candidate === json);
      if (word === undefined) faults.add(at, `${nameAt(at)} must be one of ${words.join(', ')}.`);
      return word ?? (words[0] as T);
    },
  };
}

interface NumberRule {
  readonly least: number;
  readonly most: number;
  /** Without it the parameter must be given. */
  readonly fallback?: number;
}

export function integer(description: string, rule: NumberRule): Parameter<number> {
  return numeric('integer', 'a whole number', Number.isSafeInteger, description, rule);
}

export function number(description: string, rule: NumberRule): Parameter<number> {
  return numeric('number', 'a number', Number.isFinite, description, rule);
}

function numeric(
  type: 'integer' | 'number',
  words: string,
  isRight: (value: number) => boolean,
  description: string,
  { least, most, fallback }: NumberRule,
): Parameter<number> {
  const shown = fallback === undefined ? {} : { default: fallback };
  return {
    schema: { type, minimum: least, maximum: most, description, ...shown },
    required: fallback === undefined,
    read: (json, at, { faults }) => {
      if (json === undefined && fallback !== undefined) return fallback;
      const value = json instanceof JsonNumber ? Number(json.text) : Number.NaN;
      if (isRight(value) && value >= least && value <= most) return value;
      faults.add(at, `${nameAt(at)} must be ${words} from ${least} to ${most}.`);
      return least;
    },
  };
}

export function flag(description: string, fallback: boolean): Parameter<boolean> {
  return {
    schema: { type: 'boolean', description, default: fallback },
    required: false,
    read: (json, at, { faults }) => {
      if (json === undefined) return fallback;
      if (typeof json !== 'boolean') faults.add(at, `${nameAt(at)} must be true or false.`);
      return json === true;
    },
  };
}

/** The same parameter where it may be left out. */
export function optional<T>(parameter: Parameter<T>): Parameter<T | null> {
  return {
    schema: parameter.schema,
    required: false,
    read: (json, at, context) => (json === undefined ? null : parameter.read(json, at, context)),
  };
}

/** The last name of a pointer that is no number: what people call the parameter. */
export function nameAt(at: string): string {
  const names = at.split('/').filter((part) => part !== '' && !/^\d+$/.test(part));
  const item = /\/\d+$/.test(at) ? 'Each item of ' : '';
  return item + (names.at(-1) ?? 'parameters');
}
