import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { AnalysisResult, AnalysisRun } from '#application/analysis/analysis-run.ts';
import { DataForgeError } from '#domain/errors.ts';
import { ANALYSIS_MEMBERS, analysisJob, readAnalyseRequest, resultMembers } from '../../analysis-json.ts';
import { parseObject } from '../../json-body.ts';
import { negotiateType } from '../accept.ts';
import { QueryParameters } from '../query-parameters.ts';
import { readJsonBytes } from '../request-body.ts';
import type { RestOptions } from '../rest-options.ts';
import { sendJson, sendStream } from '../send.ts';
import { SQL_TYPES } from './sql.ts';
import { STREAM_TYPES } from './stream.ts';

type OfAnalysis = { readonly Params: { readonly id: string } };

/** Analyses: asked for, looked after, fetched and cancelled. */
export function analysisRoutes(server: FastifyInstance, { useCases, limits }: RestOptions): void {
  server.post('/analysis', { config: { anyType: true } }, async (request, reply) => {
    new QueryParameters(request, []);
    const offer = offerOf(request);
    const bytes = await readJsonBytes(request, limits);
    const { forge } = request;
    const asked = forge.observation.time('parse', () => readAnalyseRequest(parseObject(bytes, ANALYSIS_MEMBERS)));
    forge.plan = { operation: asked.operation, wait: asked.wait, format: offer };
    const { run, cached } = await useCases.analyse(asked, forge.abortableCall());
    if (run.result !== null) return sendResult(request, reply, { run, result: run.result, cached, offer });
    reply.header('location', `/api/v1/analysis/${run.id}`);
    return sendJson(request, reply, 202, jobJson(run));
  });

  server.get('/analysis', async (request, reply) => {
    new QueryParameters(request, []);
    const runs = await useCases.listAnalyses({}, request.forge.call());
    const analyses = runs.map((run) => ({ ...analysisJob(run), log: undefined }));
    return sendJson(request, reply, 200, JSON.stringify({ success: true, analyses }));
  });

  server.get<OfAnalysis>('/analysis/:id', async (request, reply) => {
    const wait = new QueryParameters(request, ['wait_ms']).count('wait_ms');
    const run = await useCases.getAnalysis({ id: request.params.id, wait }, request.forge.abortableCall());
    return sendJson(request, reply, 200, jobJson(run));
  });

  server.get<OfAnalysis>('/analysis/:id/result', { config: { anyType: true } }, async (request, reply) => {
    new QueryParameters(request, []);
    const offer = offerOf(request);
    const found = await useCases.readAnalysisResult({ id: request.params.id }, request.forge.call());
    return sendResult(request, reply, { ...found, cached: true, offer });
  });

  server.delete<OfAnalysis>('/analysis/:id', async (request, reply) => {
    new QueryParameters(request, []);
    const run = await useCases.cancelAnalysis({ id: request.params.id }, request.forge.call());
    return sendJson(request, reply, 200, jobJson(run));
  });

  async function sendResult(request: FastifyRequest, reply: FastifyReply, found: Found): Promise<FastifyReply> {
    const { run, result, cached, offer } = found;
    const { forge } = request;
    reply.header('x-analysis-id', run.id);
    reply.header('x-processor', run.processor);
    if (offer === 'application/json') {
      const { id, dataset_id, operation, processor, note } = analysisJob(run);
      const about = JSON.stringify({ success: true, id, dataset_id, operation, processor, note, cached });
      const parts = jsonParts(about.slice(0, -1), resultMembers(result), () => forge.executionTime());
      if (result.rows > WHOLE_ROWS)
        return sendStream(request, reply, encoded(parts), { type: JSON_TYPE, compressible: true });
      return sendJson(request, reply, 200, (await Array.fromAsync(parts)).join(''));
    }
    const { format, type } = STREAM_TYPES[offer];
    const { bytes } = await useCases.streamAnalysisResult({ id: run.id, format }, forge.abortableCall());
    return sendStream(request, reply, bytes, { type, compressible: format !== 'parquet' });
  }
}

/** Larger results are sent while they are written. */
const WHOLE_ROWS = 10_000;
const JSON_TYPE = 'application/json; charset=utf-8';

async function* jsonParts(about: string, members: AsyncIterable<string>, time: () => string): AsyncGenerator<string> {
  yield `${about},`;
  yield* members;
  yield `,"execution_time_ms":${time()}}`;
}

async function* encoded(texts: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  for await (const text of texts) yield Buffer.from(text);
}

interface Found {
  readonly run: AnalysisRun;
  readonly result: AnalysisResult;
  /** It was there before it was asked for. */
  readonly cached: boolean;
  readonly offer: Offer;
}

type Offer = (typeof SQL_TYPES)[number];

function offerOf(request: FastifyRequest): Offer {
  const offer = negotiateType(request.headers.accept, SQL_TYPES);
  if (offer !== null) return offer;
  throw new DataForgeError(
    'not_acceptable',
    `A result can be had as ${SQL_TYPES.join(', ')}; name one of them in Accept.`,
    { details: { available: SQL_TYPES } },
  );
}

function jobJson(run: AnalysisRun): string {
  return JSON.stringify({ success: true, ...analysisJob(run) });
}
