import type { FastifyInstance } from 'fastify';
import type { StreamFormat } from '#application/ports/record-reader.ts';
import type { UseCases } from '#application/use-cases.ts';
import { DataForgeError } from '#domain/errors.ts';
import { negotiateType } from '../accept.ts';
import { QueryParameters } from '../query-parameters.ts';
import { sendStream } from '../send.ts';

type OfSchema = { readonly Params: { readonly schema: string } };

/** What a stream can be asked for by `Accept`, the first where it says nothing. */
export const STREAM_TYPES = {
  'application/x-ndjson': { format: 'ndjson', type: 'application/x-ndjson; charset=utf-8' },
  'application/ndjson': { format: 'ndjson', type: 'application/x-ndjson; charset=utf-8' },
  'application/jsonl': { format: 'ndjson', type: 'application/x-ndjson; charset=utf-8' },
  'text/csv': { format: 'csv', type: 'text/csv; charset=utf-8; header=present' },
  'application/vnd.apache.arrow.stream': { format: 'arrow', type: 'application/vnd.apache.arrow.stream' },
  'application/vnd.apache.parquet': { format: 'parquet', type: 'application/vnd.apache.parquet' },
} as const satisfies Readonly<Record<string, { readonly format: StreamFormat; readonly type: string }>>;

const OFFERS = Object.keys(STREAM_TYPES) as (keyof typeof STREAM_TYPES)[];

/** Whole datasets as a stream. */
export function streamRoutes(server: FastifyInstance, useCases: UseCases): void {
  server.get<OfSchema>('/records/:schema/stream', { config: { anyType: true } }, async (request, reply) => {
    const query = new QueryParameters(request, ['filters', 'sort', 'fields', 'limit', 'shape']);
    const offer = negotiateType(request.headers.accept, OFFERS);
    if (offer === null) {
      throw new DataForgeError(
        'not_acceptable',
        `A stream can be had as ${OFFERS.join(', ')}; name one of them in Accept.`,
        {
          details: { available: OFFERS },
        },
      );
    }
    const { format, type } = STREAM_TYPES[offer];
    const shape = query.word('shape', ['record', 'flat']);
    if (shape === 'record' && format !== 'ndjson') {
      throw new DataForgeError('invalid_parameter', `shape=record is for NDJSON; ${offer} has flat columns.`, {
        faults: [{ pointer: '/shape', message: 'must be flat, or be left out' }],
      });
    }
    const { forge } = request;
    forge.plan = { filters: query.text('filters'), sort: query.text('sort'), limit: query.text('limit'), format };
    const { bytes } = await useCases.streamRecords(
      {
        schema: request.params.schema,
        filters: query.json('filters', 'invalid_filter'),
        sort: query.json('sort', 'invalid_sort'),
        fields: query.text('fields'),
        limit: query.count('limit'),
        format: shape === 'flat' && format === 'ndjson' ? 'ndjson-flat' : format,
      },
      forge.abortableCall(),
    );
    return sendStream(request, reply, bytes, { type, compressible: format !== 'parquet' });
  });
}
