import type { FastifyInstance } from 'fastify';
import type { BulkFormat } from '#application/ports/bulk-loader.ts';
import type { LoadRecordsResult } from '#application/records/commands/load-records.ts';
import type { KeptAnswer } from '#application/records/idempotency.ts';
import { DataForgeError } from '#domain/errors.ts';
import { HashedBody } from '../../hashed-body.ts';
import { readOnce, sendKept } from '../idempotency-key.ts';
import { QueryParameters } from '../query-parameters.ts';
import { mediaTypeOf, readDecoded } from '../request-body.ts';
import type { RestOptions } from '../rest-options.ts';

/** Media types of uploads. */
export const UPLOAD_TYPES: Readonly<Record<string, BulkFormat>> = {
  'application/x-ndjson': 'ndjson',
  'application/ndjson': 'ndjson',
  'application/jsonl': 'ndjson',
  'application/x-jsonlines': 'ndjson',
  'text/csv': 'csv',
  'application/json': 'json',
  'application/vnd.apache.arrow.stream': 'arrow',
  'application/vnd.apache.arrow.file': 'arrow',
  'application/vnd.apache.parquet': 'parquet',
  'application/x-parquet': 'parquet',
};

type OfSchema = { readonly Params: { readonly schema: string } };

/** Loading whole files of rows. */
export function uploadRoutes(server: FastifyInstance, { useCases, limits }: RestOptions): void {
  server.post<OfSchema>('/records/:schema/bulk', async (request, reply) => {
    const query = new QueryParameters(request, ['on_conflict', 'on_invalid']);
    const format = readFormat(mediaTypeOf(request));
    const decoded = readDecoded(request, limits.maxUploadBytes);
    const isKeyed = request.headers['idempotency-key'] !== undefined;
    const body = isKeyed ? new HashedBody(decoded) : decoded;
    const done = await useCases.loadRecords(
      {
        schema: request.params.schema,
        format,
        body,
        onInvalid: query.text('on_invalid'),
        onConflict: query.text('on_conflict'),
        once: body instanceof HashedBody ? readOnce(request, body, loaded) : null,
      },
      request.forge.abortableCall(),
    );
    return sendKept(request, reply, done.replayed ?? loaded(done.result));
  });
}

/** @throws DataForgeError `unsupported_media_type` */
export function readFormat(type: string): BulkFormat {
  const format = Object.hasOwn(UPLOAD_TYPES, type) ? UPLOAD_TYPES[type] : undefined;
  if (format !== undefined) return format;
  const said =
    type === '' ? 'The body has no Content-Type' : `The Content-Type "${type.slice(0, 100)}" is not taken here`;
  throw new DataForgeError('unsupported_media_type', `${said}; send one of ${Object.keys(UPLOAD_TYPES).join(', ')}.`, {
    details: { accepted: Object.keys(UPLOAD_TYPES) },
  });
}

function loaded({ created, updated, ignored, rejected, rejections }: LoadRecordsResult): KeptAnswer {
  const shown = rejections.map(({ line, errors }) => ({ line, errors }));
  const body = {
    success: true,
    message: `${created} ${created === 1 ? 'record' : 'records'} created`,
    records_created: created,
    records_updated: updated,
    records_ignored: ignored,
    records_rejected: rejected,
    rejections: shown,
    ...(rejected > shown.length ? { rejections_truncated: true } : {}),
  };
  return { status: 201, headers: {}, body: JSON.stringify(body) };
}
