import { type Json, JsonArray, JsonNumber, JsonObject, jsonFrom } from '../record/json.ts';
import type { Value } from '../record/value.ts';
import { jsonOfValue } from '../record/value-json.ts';
import type { Dataset, Property } from './dataset.ts';
import { formatDbType } from './db-type.ts';

/** `input`: what may be sent as a row. `output`: the `data` of an answer, in which every property stands. */
export type SchemaPurpose = 'input' | 'output';

type Members = Readonly<Record<string, Json | undefined>>;

/**
 * The JSON Schema 2020-12 of a dataset's data, exact to the digit. Rules that JSON Schema has no word for stand in
 * members that begin with `x-`; they bind all the same.
 */
export function jsonSchemaOf(dataset: Dataset, purpose: SchemaPurpose = 'input'): JsonObject {
  const required = dataset.properties
    .filter((property) => purpose === 'output' || (property.required && property.default === null))
    .map(({ name }) => name);
  return objectOf({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: dataset.name,
    description: dataset.description || undefined,
    type: 'object',
    properties: new JsonObject(
      dataset.properties.map((property) => ({ name: property.name, value: propertySchemaOf(property, purpose) })),
    ),
    required: required.length > 0 ? jsonFrom(required) : undefined,
    additionalProperties: purpose === 'input' && dataset.additionalProperties === 'ignore',
    'x-primary-key': dataset.primaryKey.length > 0 ? jsonFrom(dataset.primaryKey) : undefined,
  });
}

/** The schema of one property's value. */
function propertySchemaOf(property: Property, purpose: SchemaPurpose): JsonObject {
  const { dbType, rules, required, type } = property;
  const nullable = !required;
  const toJson = (value: Value) => jsonOfValue(dbType, value);
  const allowed = rules.enum?.map(toJson);
  return objectOf({
    type: nullable ? jsonFrom([type, 'null']) : type,
    description: property.description ?? undefined,
    ...typeMembers(property),
    enum: allowed && new JsonArray(nullable ? [...allowed, null] : allowed),
    minLength: rules.minLength === null ? undefined : jsonFrom(rules.minLength),
    maxLength: rules.maxLength === null ? undefined : jsonFrom(rules.maxLength),
    ...patternMembers(rules.pattern),
    format: rules.format ?? typeMembers(property).format,
    default: property.default === null || purpose === 'output' ? undefined : toJson(property.default),
    'x-db-type': formatDbType(dbType),
    'x-unique': property.unique || undefined,
  });
}

const INTEGER_BOUNDS = {
  BIGINT: ['-9223372036854775808', '9223372036854775807'],
  INTEGER: ['-2147483648', '2147483647'],
  SMALLINT: ['-32768', '32767'],
} as const;

function typeMembers({ dbType, rules }: Property): Members {
  const minimum = rules.minimum === null ? undefined : jsonOfValue(dbType, rules.minimum);
  const maximum = rules.maximum === null ? undefined : jsonOfValue(dbType, rules.maximum);
  switch (dbType.name) {
    case 'BIGINT':
    case 'INTEGER':
    case 'SMALLINT': {
      const [least, most] = INTEGER_BOUNDS[dbType.name];
      const format = dbType.name === 'BIGINT' ? 'int64' : 'int32';
      return { format, minimum: minimum ?? new JsonNumber(least), maximum: maximum ?? new JsonNumber(most) };
    }
    case 'DOUBLE':
      return { format: 'double', minimum, maximum };
    case 'DECIMAL': {
      const limit = `1${'0'.repeat(dbType.precision - dbType.scale)}`;
      return { minimum: minimum ?? new JsonNumber(`-${limit}`), maximum: maximum ?? new JsonNumber(limit) };
    }
    case 'DATE':
      return { format: 'date', 'x-minimum': minimum, 'x-maximum': maximum };
    case 'TIME':
      return {
        pattern: '^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\\.[0-9]{1,6})?)?$',
        'x-minimum': minimum,
        'x-maximum': maximum,
      };
    case 'TIMESTAMP':
      return { format: 'date-time', 'x-minimum': minimum, 'x-maximum': maximum };
    case 'UUID':
      return { format: 'uuid' };
    default:
      return {};
  }
}

/** RE2 has syntax that the regular expressions of JSON Schema lack; such a pattern is told, but not as a keyword. */
function patternMembers(pattern: string | null): Members {
  if (pattern === null) return {};
  try {
    new RegExp(pattern, 'u');
    return { pattern };
  } catch {
    return { 'x-re2-pattern': pattern };
  }
}

function objectOf(members: Members): JsonObject {
  return new JsonObject(
    Object.entries(members).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }])),
  );
}
