import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { FollowChangesResult } from '#application/records/queries/follow-changes.ts';
import type { UseCases } from '#application/use-cases.ts';
import { DataForgeError } from '#domain/errors.ts';
import { negotiateType } from '../accept.ts';
import { QueryParameters } from '../query-parameters.ts';
import { sendStream } from '../send.ts';

type OfSchema = { readonly Params: { readonly schema: string } };

/** How long a connection may be silent: shorter than what proxies cut off after. */
const HEARTBEAT = 15_000;
/** When a client comes again after a cut. */
const RETRY = 2000;

/**
 * The changes feed as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html): an event a
 * change, whose id is the change's number, named by its operation; with a filter by what it is to those who see the
 * filter's rows: `enter`, `change` or `leave`.
 */
export function liveRoutes(server: FastifyInstance, useCases: UseCases): void {
  server.get<OfSchema>('/records/:schema/live', { config: { anyType: true } }, async (request, reply) => {
    const query = new QueryParameters(request, ['since', 'filters']);
    if (negotiateType(request.headers.accept, ['text/event-stream']) === null) {
      throw new DataForgeError(
        'not_acceptable',
        'What happens is told as text/event-stream; name it in Accept, or leave Accept out.',
      );
    }
    const { forge } = request;
    const since = lastEventId(request) ?? query.count('since');
    const filters = query.json('filters', 'invalid_filter');
    const feed = await useCases.followChanges(
      { schema: request.params.schema, since, filters, heartbeat: HEARTBEAT },
      forge.abortableCall(),
    );
    forge.began = forge.elapsed();
    reply.header('cache-control', 'no-store');
    return sendStream(request, reply, events(feed, filters === null ? 'operation' : 'event'), {
      type: 'text/event-stream',
      compressible: false,
    });
  });
}

/** Where a client that was cut off wants to go on; it counts more than the address, which stays as it was. */
function lastEventId({ headers }: FastifyRequest): number | null {
  const id = headers['last-event-id'];
  if (id === undefined || id === '') return null;
  if (typeof id === 'string' && /^\d{1,15}$/.test(id)) return Number(id);
  throw new DataForgeError('invalid_parameter', 'Last-Event-ID is no number of a change; leave it out to begin now.');
}

async function* events({ since, pages }: FollowChangesResult, name: 'operation' | 'event'): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`retry: ${RETRY}\nid: ${since}\n: changes behind ${since}\n\n`);
  for await (const { changes, next } of pages) {
    const told = changes.map((change) => `id: ${change.seq}\nevent: ${change[name]}\ndata: ${change.json}\n\n`);
    yield Buffer.from(told.length === 0 ? `id: ${next}\n: nothing new\n\n` : told.join(''));
  }
}
