import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { UseCases } from '#application/use-cases.ts';
import type { RenderedRecord } from '#domain/record/record.ts';
import { etagOf, matchesNone } from '../conditional.ts';
import { QueryParameters } from '../query-parameters.ts';
import { sendJson } from '../send.ts';

type OfSchema = { readonly Params: { readonly schema: string } };
type OfRecord = { readonly Params: { readonly schema: string; readonly id: string } };

/** Single records. */
export function readRoutes(server: FastifyInstance, useCases: UseCases): void {
  server.get<OfRecord>('/records/:schema/:id', async (request, reply) => {
    new QueryParameters(request, []);
    return sendRecord(request, reply, await useCases.getRecord(request.params, request.forge.call()));
  });

  server.get<OfSchema>('/records/:schema/by-key', async (request, reply) => {
    const given = request.query as Record<string, unknown>;
    const query = new QueryParameters(request, Object.keys(given));
    const key = new Map(Object.keys(given).map((name) => [name, query.text(name) ?? '']));
    return sendRecord(
      request,
      reply,
      await useCases.getRecordByKey({ schema: request.params.schema, key }, request.forge.call()),
    );
  });
}

function sendRecord(request: FastifyRequest, reply: FastifyReply, record: RenderedRecord): FastifyReply {
  const etag = etagOf(record.version);
  reply.header('etag', etag);
  return matchesNone(request, etag) ? reply.code(304).send() : sendJson(request, reply, 200, record.json);
}
