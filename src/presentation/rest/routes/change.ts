import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ChangeRecordRequest, ChangeRecordResult } from '#application/records/commands/patch-record.ts';
import { invalid, parseObject } from '../../json-body.ts';
import { recordJson } from '../../record-json.ts';
import { etagOf, readIfMatch } from '../conditional.ts';
import { QueryParameters } from '../query-parameters.ts';
import { readJsonBytes } from '../request-body.ts';
import type { RestOptions } from '../rest-options.ts';
import { sendJson } from '../send.ts';

type OfSchema = { readonly Params: { readonly schema: string } };
type OfRecord = { readonly Params: { readonly schema: string; readonly id: string } };

/** Changing and deleting records. */
export function changeRoutes(server: FastifyInstance, { useCases, limits }: RestOptions): void {
  server.patch<OfRecord>('/records/:schema/:id', async (request, reply) => {
    const change = await readChange(request);
    return sendRecord(request, reply, await useCases.patchRecord(change, request.forge.call()));
  });

  server.put<OfRecord>('/records/:schema/:id', async (request, reply) => {
    const change = await readChange(request);
    return sendRecord(request, reply, await useCases.replaceRecord(change, request.forge.call()));
  });

  server.delete<OfRecord>('/records/:schema/:id', async (request, reply) => {
    new QueryParameters(request, []);
    await useCases.deleteRecord({ ...request.params, ifVersion: readIfMatch(request) }, request.forge.call());
    return reply.code(204).header('server-timing', request.forge.serverTiming()).send();
  });

  server.delete<OfSchema>('/records/:schema', async (request, reply) => {
    const query = new QueryParameters(request, ['filters', 'all']);
    const filters = query.json('filters', 'invalid_filter');
    const { deleted } = await useCases.deleteRecords(
      { schema: request.params.schema, filters, all: query.flag('all') },
      request.forge.call(),
    );
    return sendJson(request, reply, 200, `{"success":true,"records_deleted":${deleted}}`);
  });

  async function readChange(request: FastifyRequest<OfRecord>): Promise<ChangeRecordRequest> {
    new QueryParameters(request, []);
    const ifVersion = readIfMatch(request);
    const bytes = await readJsonBytes(request, limits);
    const data = request.forge.observation.time('parse', () => parseObject(bytes, ['data']).get('data'));
    if (data === undefined) throw invalid('/data', 'data is missing.');
    return { ...request.params, data, ifVersion };
  }
}

function sendRecord(
  request: FastifyRequest,
  reply: FastifyReply,
  { dataset, record }: ChangeRecordResult,
): FastifyReply {
  const json = request.forge.observation.time('render', () => recordJson(dataset)(record));
  return sendJson(request, reply.header('etag', etagOf(record.version)), 200, json);
}
