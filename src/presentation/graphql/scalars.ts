import {
  GraphQLBoolean,
  GraphQLError,
  GraphQLFloat,
  GraphQLInt,
  GraphQLScalarType,
  GraphQLString,
  Kind,
  type ValueNode,
} from 'graphql';
import type { DbTypeName } from '#domain/dataset/db-type.ts';
import { type Json, JsonArray, JsonNumber, JsonObject, jsonFrom } from '#domain/record/json.ts';

const BIG_INT = numeric('BigInt', 'A whole number of 64 bits: a number up to 2^53, a string of digits past it.');
const DECIMAL = numeric('Decimal', 'An exact decimal number as a string, written to its scale.');
const DATE = textual('Date', 'A day, like 2024-01-31.');
const TIME = textual('Time', 'A time of day, like 10:30:00.');

const DATE_TIME = textual('DateTime', 'A moment in UTC, like 2024-01-31T10:30:00Z.');
/** An id. */
export const UUID = textual('UUID', 'A UUID in lower case.');
const JSON_SCALAR = new GraphQLScalarType<Json, unknown>({
  name: 'JSON',
  description: 'Any JSON value.',
  parseValue: jsonFrom,
  parseLiteral: (node, variables) => jsonOfLiteral(node, variables ?? {}),
});

/** The scalar of each type. */
export const SCALARS: Readonly<Record<DbTypeName, GraphQLScalarType>> = {
  VARCHAR: GraphQLString,
  BIGINT: BIG_INT,
  INTEGER: GraphQLInt,
  SMALLINT: GraphQLInt,
  DOUBLE: GraphQLFloat,
  DECIMAL,
  BOOLEAN: GraphQLBoolean,
  DATE,
  TIME,
  TIMESTAMP: DATE_TIME,
  UUID,
  JSON: JSON_SCALAR,
};

/** A value out of an argument as JSON; the scalars that keep digits bring theirs already. */
export function jsonOfInput(value: unknown): Json {
  if (value instanceof JsonNumber || value instanceof JsonArray || value instanceof JsonObject) return value;
  return Array.isArray(value) ? new JsonArray(value.map(jsonOfInput)) : jsonFrom(value);
}

/** A number as JSON writes it; whether its type takes it is for the rule of values to say. */
const JSON_NUMBER = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

function numeric(name: string, description: string) {
  const read = (text: string) => {
    if (JSON_NUMBER.test(text)) return new JsonNumber(text);
    throw new GraphQLError(`A ${name} cannot be read from ${JSON.stringify(text.slice(0, 100))}.`);
  };
  return new GraphQLScalarType<JsonNumber, unknown>({
    name,
    description,
    parseValue: (value) => {
      if (value instanceof JsonNumber) return read(value.text);
      if (typeof value === 'string') return read(value);
      if (typeof value === 'number' && (Number.isSafeInteger(value) || !Number.isInteger(value))) {
        return read(String(value));
      }
      throw new GraphQLError(`A ${name} must be a number up to 2^53, or a string.`);
    },
    parseLiteral: (node) => {
      if (node.kind === Kind.INT || node.kind === Kind.FLOAT || node.kind === Kind.STRING) return read(node.value);
      throw new GraphQLError(`A ${name} must be a number or a string.`, { nodes: node });
    },
  });
}

function textual(name: string, description: string) {
  const read = (value: unknown) => {
    if (typeof value === 'string') return value;
    throw new GraphQLError(`A ${name} must be a string.`);
  };
  return new GraphQLScalarType<string, unknown>({
    name,
    description,
    parseValue: read,
    parseLiteral: (node) => read(node.kind === Kind.STRING ? node.value : null),
  });
}

function jsonOfLiteral(node: ValueNode, variables: Readonly<Record<string, unknown>>): Json {
  switch (node.kind) {
    case Kind.NULL:
      return null;
    case Kind.INT:
    case Kind.FLOAT:
      return new JsonNumber(node.value);
    case Kind.STRING:
    case Kind.BOOLEAN:
    case Kind.ENUM:
      return node.value;
    case Kind.LIST:
      return new JsonArray(node.values.map((item) => jsonOfLiteral(item, variables)));
    case Kind.OBJECT:
      return new JsonObject(
        node.fields.map(({ name, value }) => ({ name: name.value, value: jsonOfLiteral(value, variables) })),
      );
    case Kind.VARIABLE:
      return jsonOfInput(variables[node.name.value]);
  }
}
