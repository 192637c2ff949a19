import type { ExecutionArgs } from 'graphql';
import { createYoga, type Plugin } from 'graphql-yoga';
import type { Call } from '#application/call.ts';
import type { Caller } from '#application/caller.ts';
import type { Observation } from '#application/observe.ts';
import { graphqlError } from './errors.ts';
import { exactNumbers, settleVariables } from './exact-variables.ts';
import { type GraphqlLimits, limitRule } from './limits.ts';
import type { GraphqlContext } from './operation.ts';
import type { SchemaKeeper } from './schema-keeper.ts';

/** What the HTTP server has found out about a request before it is answered. */
export interface Asked {
  readonly known: { readonly caller: Caller; readonly observation: Observation };
  readonly signal: AbortSignal;
  readonly body: string | null;
}

type Respond = (url: string, init: RequestInit, asked: Asked) => Response | Promise<Response>;

/** Answers requests of GraphQL over HTTP; a subscription is answered as server-sent events. */
export function graphqlOverHttp(schemas: SchemaKeeper, limits: GraphqlLimits): Respond {
  const rule = limitRule(limits);
  const exact: Plugin<GraphqlContext, Asked> = {
    onRequestParse: ({ serverContext }) => ({
      onRequestParseDone({ setRequestParserResult }) {
        const body = (serverContext as Asked | undefined)?.body ?? null;
        if (body !== null) setRequestParserResult(JSON.parse(body, exactNumbers));
      },
    }),
    onExecute: ({ args }) => settle(args),
    onSubscribe: ({ args }) => settle(args),
  };
  const limiting: Plugin = {
    onValidate: ({ addValidationRule }) => addValidationRule(rule),
    // What is wrong with a document goes by no mask; it gets its code here.
    onResultProcess({ result, setResult }) {
      if (!('errors' in result) || !result.errors) return;
      setResult({ ...result, errors: result.errors.map(graphqlError) });
    },
  };
  const yoga = createYoga<Asked, GraphqlContext>({
    schema: ({ known, signal }) => schemas.current({ ...known, signal }),
    context: ({ known, signal }) => ({ call: (): Call => ({ ...known, signal }) }),
    plugins: [exact, limiting],
    maskedErrors: { maskError: graphqlError },
    batching: { limit: limits.maxBatch },
    graphiql: false,
    landingPage: false,
    logging: false,
    cors: false,
  });
  return (url, init, asked) => yoga.fetch(url, init, asked);
}

/** Numbers keep their digits up to here; where a type takes none of them they become numbers. */
function settle(args: ExecutionArgs): void {
  const { schema, document, operationName, variableValues } = args;
  Object.assign(args, { variableValues: settleVariables(schema, document, operationName, variableValues) });
}
