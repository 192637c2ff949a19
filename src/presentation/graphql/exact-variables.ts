import {
  type DocumentNode,
  type GraphQLInputType,
  type GraphQLSchema,
  getOperationAST,
  isInputObjectType,
  isListType,
  isNonNullType,
  isScalarType,
  typeFromAST,
} from 'graphql';
import { JsonNumber } from '#domain/record/json.ts';

type Variables = Readonly<Record<string, unknown>>;

/** Scalars that take a number with all of its digits. */
const EXACT = new Set(['JSON', 'BigInt', 'Decimal']);

/**
 * For `JSON.parse`: a number that JavaScript would write otherwise (`1.50`, or more digits than a double holds) becomes a
 * `JsonNumber`, which keeps them. The third argument is the source text access of ECMAScript's JSON.parse.
 */
export function exactNumbers(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  return typeof value === 'number' && source !== undefined && String(value) !== source ? new JsonNumber(source) : value;
}

/** Makes numbers out of those where the variable's type takes no more than a number. */
export function settleVariables(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | null | undefined,
  variables: Variables | null | undefined,
): Variables {
  const settled: Record<string, unknown> = { ...variables };
  for (const { variable, type } of getOperationAST(document, operationName)?.variableDefinitions ?? []) {
    const { value: name } = variable.name;
    const inputType = typeFromAST(schema, type as never) as GraphQLInputType | undefined;
    if (inputType !== undefined && Object.hasOwn(settled, name)) settled[name] = settle(inputType, settled[name]);
  }
  return settled;
}

function settle(type: GraphQLInputType, value: unknown): unknown {
  if (isNonNullType(type)) return settle(type.ofType, value);
  if (isScalarType(type) && EXACT.has(type.name)) return value;
  if (value instanceof JsonNumber) return Number(value.text);
  if (isListType(type))
    return Array.isArray(value) ? value.map((item) => settle(type.ofType, item)) : settle(type.ofType, value);
  if (!isInputObjectType(type) || typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const fields = type.getFields();
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      fields[name] === undefined ? item : settle(fields[name].type, item),
    ]),
  );
}
