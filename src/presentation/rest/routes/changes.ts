import type { FastifyInstance } from 'fastify';
import type { UseCases } from '#application/use-cases.ts';
import { DataForgeError } from '#domain/errors.ts';
import { negotiateType } from '../accept.ts';
import { QueryParameters } from '../query-parameters.ts';
import { sendJson, sendStream } from '../send.ts';

type OfSchema = { readonly Params: { readonly schema: string } };

const OFFERS = ['application/json', 'application/x-ndjson', 'application/ndjson', 'application/jsonl'] as const;

/** What happened to a dataset. */
export function changesRoutes(server: FastifyInstance, useCases: UseCases): void {
  server.get<OfSchema>('/records/:schema/changes', { config: { anyType: true } }, async (request, reply) => {
    const query = new QueryParameters(request, ['since', 'limit', 'wait', 'latest']);
    const offer = negotiateType(request.headers.accept, OFFERS);
    if (offer === null) {
      throw new DataForgeError(
        'not_acceptable',
        `Changes can be had as ${OFFERS.slice(0, 2).join(', ')}; name one of them in Accept.`,
      );
    }
    const asked = {
      schema: request.params.schema,
      since: query.count('since'),
      limit: query.count('limit'),
      wait: query.count('wait'),
      latest: query.flag('latest'),
    };
    const { forge } = request;
    if (offer !== 'application/json') {
      const { bytes } = await useCases.streamChanges(asked, forge.abortableCall());
      const isLive = (asked.wait ?? 0) > 0;
      return sendStream(request, reply, bytes, { type: 'application/x-ndjson; charset=utf-8', compressible: !isLive });
    }
    const { schema, changes, next, hasMore } = await useCases.readChanges(asked, forge.abortableCall());
    const json = forge.observation.time('render', () => {
      const items = changes.map((change) => change.json).join(',');
      return `{"success":true,"schema_name":${JSON.stringify(schema)},"changes":[${items}],"next":${next},"has_more":${hasMore}}`;
    });
    return sendJson(request, reply, 200, json);
  });
}
