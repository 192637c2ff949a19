import { GraphQLError } from 'graphql';
import { DataForgeError } from '#domain/errors.ts';
import { PROBLEMS, toDataForgeError } from '../problem.ts';

/**
 * An error as GraphQL says it: `extensions.code` of the catalogue, its kind in the words of GraphQL, and where several
 * values are wrong each of them. What is not ours to explain says nothing of its cause.
 */
export function graphqlError(thrown: unknown): GraphQLError {
  const from = thrown instanceof GraphQLError ? thrown : undefined;
  if (from?.extensions.kind !== undefined) return from;
  const cause = from === undefined ? thrown : from.originalError;
  if (from !== undefined && (cause === undefined || cause instanceof GraphQLError)) return ofTheRequest(from);
  const error = toDataForgeError(cause);
  return new GraphQLError(error.message, {
    nodes: from?.nodes ?? null,
    path: from?.path ?? null,
    extensions: {
      ...from?.extensions,
      code: error.code,
      kind: PROBLEMS[error.code].graphql,
      ...(error.faults.length > 0 ? { errors: error.faults } : {}),
    },
  });
}

/** A document or variables that do not fit the schema. */
function ofTheRequest(error: GraphQLError): GraphQLError {
  const code = 'invalid_body';
  return new GraphQLError(error.message, {
    nodes: error.nodes ?? null,
    source: error.source ?? null,
    positions: error.positions ?? null,
    path: error.path ?? null,
    extensions: { ...error.extensions, code, kind: PROBLEMS[code].graphql },
  });
}

/** For a document that is refused before it runs. */
export function refusal(code: 'too_large' | 'invalid_body', message: string): GraphQLError {
  return new GraphQLError(message, { originalError: new DataForgeError(code, message) });
}
