import { type ExecutionArgs, type GraphQLError, parse, specifiedRules, validate } from 'graphql';
import type { Call } from '#application/call.ts';
import { settleVariables } from './exact-variables.ts';
import { type GraphqlLimits, limitRule } from './limits.ts';
import type { GraphqlContext } from './operation.ts';
import type { SchemaKeeper } from './schema-keeper.ts';

/** What a client sends to have one operation run. */
export interface OperationPayload {
  readonly operationName?: string | undefined | null;
  readonly query: string;
  readonly variables?: Record<string, unknown> | undefined | null;
}

/** Parses and validates an operation, within the limits; what is wrong with it comes as errors. */
export async function prepareOperation(
  schemas: SchemaKeeper,
  limits: GraphqlLimits,
  { query, variables, operationName }: OperationPayload,
  call: Call,
): Promise<ExecutionArgs | readonly GraphQLError[]> {
  const schema = await schemas.current(call);
  const document = parse(query);
  const errors = validate(schema, document, [...specifiedRules, limitRule(limits)]);
  if (errors.length > 0) return errors;
  const contextValue: GraphqlContext = { call: () => call };
  return {
    schema,
    document,
    contextValue,
    variableValues: settleVariables(schema, document, operationName, variables),
    operationName: operationName ?? null,
  };
}
