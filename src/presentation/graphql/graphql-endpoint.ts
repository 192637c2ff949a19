import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { NEVER } from '#application/call.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { Upgrade } from '../upgrades.ts';
import { explorerRoute } from './explorer-route.ts';
import type { Asked } from './graphql-over-http.ts';
import type { GraphqlService, GraphqlServiceOptions } from './graphql-service.ts';

/** GraphQL at `/graphql`, over HTTP and WebSocket. Its library is loaded for the first who asks: a server starts sooner. */
export class GraphqlEndpoint {
  readonly #options: GraphqlServiceOptions;
  #loading: Promise<GraphqlService> | null = null;
  #service: GraphqlService | null = null;

  constructor(options: GraphqlServiceOptions) {
    this.#options = options;
  }

  /** Clients over WebSocket. */
  get connections(): number {
    return this.#service?.sockets.connections ?? 0;
  }

  /** Their operations under way. */
  get operations(): number {
    return this.#service?.sockets.operations ?? 0;
  }

  mount(server: FastifyInstance): void {
    explorerRoute(server);
    server.route({
      method: ['GET', 'POST'],
      url: '/graphql',
      config: { protocol: 'graphql', anyType: true } as object,
      handler: async (request, reply) => {
        const known = (request as unknown as { forge: Asked['known'] }).forge;
        const controller = new AbortController();
        reply.raw.once('close', () => {
          if (!reply.raw.writableFinished) controller.abort(new DataForgeError('cancelled', 'The client left.'));
        });
        const body = request.method === 'POST' ? await readBody(request.raw, this.#options.limits.maxJsonBytes) : null;
        const answer = await (await this.#load()).answer(
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

  async take(upgrade: Upgrade): Promise<void> {
    (await this.#load()).sockets.take(upgrade);
  }

  /** Lets what runs come to its end within the time; subscriptions end by themselves. */
  async close(timeoutMs: number): Promise<void> {
    await (await this.#loading)?.sockets.close(timeoutMs);
  }

  #load(): Promise<GraphqlService> {
    this.#loading ??= import('./graphql-service.ts').then(({ GraphqlService }) => {
      this.#service = new GraphqlService(this.#options);
      return this.#service;
    });
    return this.#loading;
  }
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
