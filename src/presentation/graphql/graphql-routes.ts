import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ExecutionArgs } from 'graphql';
import { createYoga, type Plugin } from 'graphql-yoga';
import { type Call, NEVER } from '#application/call.ts';
import type { Caller } from '#application/caller.ts';
import type { Observation } from '#application/observe.ts';
import { DataForgeError } from '#domain/errors.ts';
import { graphqlError } from './errors.ts';
import { exactNumbers, settleVariables } from './exact-variables.ts';
import { explorerRoute } from './explorer-route.ts';
import { type GraphqlLimits, limitRule } from './limits.ts';
import type { GraphqlContext } from './operation.ts';
import type { SchemaKeeper } from './schema-keeper.ts';

export interface GraphqlOptions {
  readonly schemas: SchemaKeeper;
  readonly limits: GraphqlLimits & { readonly maxJsonBytes: number };
}

/** What the HTTP server has found out about a request before it comes here. */
interface Known {
  readonly caller: Caller;
  readonly observation: Observation;
}

type ServerContext = { readonly known: Known; readonly signal: AbortSignal; readonly body: string | null };

/** GraphQL over HTTP at `/graphql`; a subscription is answered as server-sent events. */
export function graphqlRoutes(server: FastifyInstance, { schemas, limits }: GraphqlOptions): void {
  const rule = limitRule(limits);
  const exact: Plugin<GraphqlContext, ServerContext> = {
    onRequestParse: ({ serverContext }) => ({
      onRequestParseDone({ setRequestParserResult }) {
        const body = (serverContext as ServerContext | undefined)?.body ?? null;
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
  const yoga = createYoga<ServerContext, GraphqlContext>({
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

  explorerRoute(server);
  server.route({
    method: ['GET', 'POST'],
    url: '/graphql',
    config: { protocol: 'graphql', anyType: true } as object,
    handler: async (request, reply) => {
      const known = (request as unknown as { forge: Known }).forge;
      const controller = new AbortController();
      reply.raw.once('close', () => {
        if (!reply.raw.writableFinished) controller.abort(new DataForgeError('cancelled', 'The client left.'));
      });
      const body = request.method === 'POST' ? await readBody(request.raw, limits.maxJsonBytes) : null;
      const answer = await yoga.fetch(
        `http://localhost${request.url}`,
        { method: request.method, headers: headersOf(request), ...(body === null ? {} : { body }) },
        { known, signal: request.method === 'POST' ? controller.signal : NEVER, body },
      );
      answer.headers.forEach((value, name) => {
        reply.header(name, value);
      });
      const isFeed = answer.headers.get('content-type')?.startsWith('text/event-stream') === true;
      const shown =
        isFeed && answer.body !== null
          ? Readable.from(answer.body as unknown as AsyncIterable<Uint8Array>, { objectMode: false })
          : await answer.text();
      return reply.code(answer.status).send(shown);
    },
  });
}

/** Numbers keep their digits up to here; where a type takes none of them they become numbers. */
function settle(args: ExecutionArgs): void {
  const { schema, document, operationName, variableValues } = args;
  Object.assign(args, { variableValues: settleVariables(schema, document, operationName, variableValues) });
}

function headersOf({ headers }: FastifyRequest): Record<string, string> {
  const sent: Record<string, string> = {};
  for (const name of ['accept', 'content-type'] as const) {
    const value = headers[name];
    if (value !== undefined) sent[name] = value;
  }
  return sent;
}

async function readBody(request: IncomingMessage, most: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > most) throw new DataForgeError('too_large', `The body has more than ${most} bytes; ask in parts.`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}
