import {
  GraphQLBoolean,
  GraphQLInputObjectType,
  type GraphQLInputType,
  GraphQLList,
  GraphQLNonNull,
  type GraphQLScalarType,
} from 'graphql';
import { DB_TYPES_OF, type DbTypeName } from '#domain/dataset/db-type.ts';
import { DataForgeError } from '#domain/errors.ts';
import { type Json, JsonArray, JsonObject } from '#domain/record/json.ts';
import type { NamedField } from './fields.ts';
import { jsonOfInput, SCALARS } from './scalars.ts';

/** The operators of a type, as an input object that all fields of the type share. */
const OPERATORS = new Map<GraphQLScalarType, GraphQLInputObjectType>();
for (const type of Object.values(DB_TYPES_OF).flat()) OPERATORS.set(SCALARS[type], operatorsOf(type));

function operatorsOf(type: DbTypeName): GraphQLInputObjectType {
  const scalar = SCALARS[type];
  const fields: Record<string, { type: GraphQLInputType }> = {};
  const add = (...names: string[]) => {
    for (const name of names) fields[name] = { type: scalar };
  };
  if (type !== 'JSON') {
    add('eq', 'ne');
    if (type !== 'BOOLEAN') add('gt', 'gte', 'lt', 'lte');
    fields.in = { type: new GraphQLList(scalar) };
    if (type === 'VARCHAR') add('like', 'ilike');
  }
  fields.isNull = { type: GraphQLBoolean };
  return new GraphQLInputObjectType({ name: `${scalar.name}Operators`, fields });
}

/** The filter of a dataset: members hold together; `_and`, `_or` and `_not` take filters. */
export function filterInput(name: string, fields: readonly NamedField[]): GraphQLInputObjectType {
  const filter: GraphQLInputObjectType = new GraphQLInputObjectType({
    name,
    description: 'All members must hold.',
    fields: () => ({
      _and: { type: new GraphQLList(new GraphQLNonNull(filter)) },
      _or: { type: new GraphQLList(new GraphQLNonNull(filter)) },
      _not: { type: filter },
      ...Object.fromEntries(
        fields.map(({ graphql, type }) => [graphql, { type: OPERATORS.get(SCALARS[type]) ?? filter }]),
      ),
    }),
  });
  return filter;
}

type Input = Readonly<Record<string, unknown>>;

/**
 * Such a filter as the `filters` that every protocol sends.
 * @throws DataForgeError `invalid_filter` where a member that cannot be null is
 */
export function filtersOf(input: unknown, fields: ReadonlyMap<string, NamedField>): Json {
  return input === undefined || input === null ? null : new JsonArray(conditions(input as Input, fields));
}

function conditions(input: Input, fields: ReadonlyMap<string, NamedField>): Json[] {
  return Object.entries(input).flatMap(([name, value]) => {
    if (value === null) throw nullMember(name);
    if (name === '_not') return [object('not', one(value as Input, fields))];
    if (name === '_and' || name === '_or') {
      return [object(name.slice(1), new JsonArray((value as Input[]).map((item) => one(item, fields))))];
    }
    return Object.entries(value as Input).map(([operator, operand]) => {
      return condition(fields.get(name)?.field ?? name, operator, operand);
    });
  });
}

function one(input: Input, fields: ReadonlyMap<string, NamedField>): Json {
  const items = conditions(input, fields);
  const [first] = items;
  return items.length === 1 && first !== undefined ? first : object('and', new JsonArray(items));
}

function condition(field: string, operator: string, operand: unknown): JsonObject {
  if (operator === 'isNull') {
    if (operand === null) throw nullMember('isNull');
    const test = operand === true ? 'is_null' : 'is_not_null';
    return new JsonObject([
      { name: 'field', value: field },
      { name: 'operator', value: test },
    ]);
  }
  return new JsonObject([
    { name: 'field', value: field },
    { name: 'operator', value: operator },
    { name: 'value', value: jsonOfInput(operand) },
  ]);
}

function object(name: string, value: Json): JsonObject {
  return new JsonObject([{ name, value }]);
}

function nullMember(name: string): DataForgeError {
  return new DataForgeError('invalid_filter', `${name} of a filter is null; leave it out, or test with isNull.`);
}
