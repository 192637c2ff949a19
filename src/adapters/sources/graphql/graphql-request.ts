import { type JsonMember, JsonNumber, JsonObject, parseJson, writeJson } from '#domain/record/json.ts';
import type { Boundary } from '../shared/incremental.ts';
import type { GraphqlOptions } from './graphql-options.ts';

/** Which page is next: behind a cursor of the source, or behind so many rows. */
export type GraphqlPosition =
  | { readonly kind: 'first' }
  | { readonly kind: 'after'; readonly cursor: string }
  | { readonly kind: 'offset'; readonly offset: number };

export const GRAPHQL_HEADERS = {
  'content-type': 'application/json',
  accept: 'application/graphql-response+json, application/json;q=0.9',
};

export const FIRST_PAGE: GraphqlPosition = { kind: 'first' };

/** The body of a request for a page (GraphQL over HTTP). */
export function requestBody(options: GraphqlOptions, page: GraphqlPosition, from: Boundary | null): string {
  const { query, operation } = options;
  const variables = [...givenVariables(options), ...pageVariables(options, page), ...sinceVariable(options, from)];
  return writeJson(
    new JsonObject([
      { name: 'query', value: query },
      ...(operation === null ? [] : [{ name: 'operationName', value: operation }]),
      { name: 'variables', value: new JsonObject(variables) },
    ]),
  );
}

function givenVariables({ variables }: GraphqlOptions): readonly JsonMember[] {
  return Object.entries(variables).map(([name, value]) => ({ name, value: parseJson(value) }));
}

function pageVariables({ paging }: GraphqlOptions, page: GraphqlPosition): readonly JsonMember[] {
  if (paging === null) return [];
  if (paging.kind === 'offset') {
    const offset = page.kind === 'offset' ? page.offset : 0;
    return [number(paging.variable, String(offset)), number(paging.limitVariable, String(paging.limit))];
  }
  return [
    ...(page.kind === 'after' ? [{ name: paging.variable, value: page.cursor }] : []),
    ...(paging.size === null ? [] : [number(paging.sizeVariable, String(paging.size))]),
  ];
}

function sinceVariable({ incremental }: GraphqlOptions, from: Boundary | null): readonly JsonMember[] {
  const name = incremental?.variable ?? null;
  if (incremental === null || name === null) return [];
  if (from !== null) return [from.isNumber ? number(name, from.value) : { name, value: from.value }];
  return incremental.start === null ? [] : [{ name, value: incremental.start }];
}

function number(name: string, digits: string): JsonMember {
  return { name, value: new JsonNumber(digits) };
}
