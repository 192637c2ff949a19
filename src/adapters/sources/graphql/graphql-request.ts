import type { BackfillWindow } from '#domain/pipeline/backfill.ts';
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
export function requestBody(
  options: GraphqlOptions,
  page: GraphqlPosition,
  from: Boundary | null,
  window: BackfillWindow | null = null,
): string {
  const { query, operation } = options;
  const variables = [
    ...givenVariables(options),
    ...pageVariables(options, page),
    ...spanVariables(options, from, window),
  ];
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

/** From which value on rows are new, and in a window up to which. */
function spanVariables(
  { incremental, query }: GraphqlOptions,
  from: Boundary | null,
  window: BackfillWindow | null,
): readonly JsonMember[] {
  const { variable = null, untilVariable = null, start = null } = incremental ?? {};
  const since = from?.value ?? window?.from ?? start;
  const isNumber = from === null ? isNumeric(query, variable) : from.isNumber;
  const least = variable === null || since === null ? [] : [bound(variable, since, isNumber)];
  if (untilVariable === null || window === null) return least;
  return [...least, bound(untilVariable, window.to, isNumeric(query, untilVariable))];
}

function bound(name: string, value: string, isNumber: boolean): JsonMember {
  return isNumber ? number(name, value) : { name, value };
}

/** Whether the document declares a variable as a number. */
function isNumeric(query: string, variable: string | null): boolean {
  return variable !== null && new RegExp(`\\$${variable}\\s*:\\s*(Int|Float)\\b`).test(query);
}

function number(name: string, digits: string): JsonMember {
  return { name, value: new JsonNumber(digits) };
}
