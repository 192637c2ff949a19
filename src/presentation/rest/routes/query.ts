import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { QueryRecordsRequest } from '#application/records/queries/query-records.ts';
import { DataForgeError } from '#domain/errors.ts';
import { type Json, JsonNumber, type JsonObject, writeJson } from '#domain/record/json.ts';
import { parseObject } from '../../json-body.ts';
import { QueryParameters } from '../query-parameters.ts';
import { readJsonBytes } from '../request-body.ts';
import type { RestOptions } from '../rest-options.ts';
import { sendJson } from '../send.ts';

type OfSchema = { readonly Params: { readonly schema: string } };

const PAGE_MEMBERS = ['page', 'size', 'cursor', 'filters', 'sort', 'fields'] as const;

/** Pages and counts. */
export function queryRoutes(server: FastifyInstance, { useCases, limits }: RestOptions): void {
  server.get<OfSchema>('/records/:schema', async (request, reply) => {
    const query = new QueryParameters(request, PAGE_MEMBERS);
    return sendPage(request, reply, {
      schema: request.params.schema,
      page: query.count('page', 'invalid_page'),
      size: query.count('size', 'invalid_page'),
      cursor: query.text('cursor'),
      filters: query.json('filters', 'invalid_filter'),
      sort: query.json('sort', 'invalid_sort'),
      fields: query.text('fields'),
    });
  });

  server.post<OfSchema>('/records/:schema/query', async (request, reply) => {
    new QueryParameters(request, []);
    const bytes = await readJsonBytes(request, limits);
    const json = request.forge.observation.time('parse', () => parseObject(bytes, PAGE_MEMBERS));
    return sendPage(request, reply, {
      schema: request.params.schema,
      page: countMember(json, 'page'),
      size: countMember(json, 'size'),
      cursor: cursorMember(json),
      filters: json.get('filters') ?? null,
      sort: json.get('sort') ?? null,
      fields: json.get('fields') ?? null,
    });
  });

  server.get<OfSchema>('/records/:schema/count', async (request, reply) => {
    const filters = new QueryParameters(request, ['filters']).json('filters', 'invalid_filter');
    const { forge } = request;
    forge.plan = { filters: shown(filters) };
    const { schema, count } = await useCases.countRecords(
      { schema: request.params.schema, filters },
      forge.abortableCall(),
    );
    const said = `${count} ${count === 1 ? 'record matches' : 'records match'}`;
    const json = `{"success":true,"message":"${said}","schema_name":${JSON.stringify(schema)},"count":${count},"execution_time_ms":${forge.executionTime()}}`;
    return sendJson(request, reply, 200, json);
  });

  async function sendPage(
    request: FastifyRequest,
    reply: FastifyReply,
    asked: QueryRecordsRequest,
  ): Promise<FastifyReply> {
    const { forge } = request;
    const { page: askedPage, size: askedSize, filters, sort } = asked;
    forge.plan = {
      filters: shown(filters),
      sort: shown(sort),
      page: askedPage,
      size: askedSize,
      cursor: asked.cursor !== null,
    };
    const found = await useCases.queryRecords(asked, forge.abortableCall());
    const json = forge.observation.time('render', () => {
      const { total, page, size, hasNext, hasPrevious, nextCursor } = found;
      const items = found.records.map((record) => record.json).join(',');
      const said = `${found.records.length} of ${total} ${total === 1 ? 'record' : 'records'}`;
      return (
        `{"success":true,"message":"${said}","schema_name":${JSON.stringify(found.schema)},"data":{"items":[${items}],` +
        `"total":${total},"page":${page},"size":${size},"has_next":${hasNext},"has_previous":${hasPrevious},` +
        `"next_cursor":${JSON.stringify(nextCursor)}},"execution_time_ms":${forge.executionTime()}}`
      );
    });
    return sendJson(request, reply, 200, json);
  }
}

/** A filter or sort for the log, cut where it is long. */
function shown(json: Json): string | null {
  return json === null ? null : writeJson(json).slice(0, 2000);
}

function countMember(json: JsonObject, name: 'page' | 'size'): number | null {
  const value = json.get(name) ?? null;
  if (value === null) return null;
  const count = value instanceof JsonNumber ? Number(value.text) : Number.NaN;
  if (Number.isSafeInteger(count) && count >= 0) return count;
  throw new DataForgeError('invalid_page', `${name} must be a whole number from 1.`, {
    faults: [{ pointer: `/${name}`, message: 'must be a whole number from 1' }],
  });
}

function cursorMember(json: JsonObject): string | null {
  const value = json.get('cursor') ?? null;
  if (value === null || typeof value === 'string') return value;
  throw new DataForgeError('invalid_page', 'cursor must be the text that next_cursor had.', {
    faults: [{ pointer: '/cursor', message: 'must be a string' }],
  });
}
