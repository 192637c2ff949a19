import type { FastifyInstance } from 'fastify';
import type { PipelineRun } from '#domain/pipeline/run.ts';
import { parseObject, textMember } from '../../json-body.ts';
import { pipelineJson, runJson } from '../../pipeline-json.ts';
import { QueryParameters } from '../query-parameters.ts';
import { readJsonBytes } from '../request-body.ts';
import type { RestOptions } from '../rest-options.ts';
import { sendJson } from '../send.ts';

type Named = { readonly Params: { readonly name: string } };
type OfRun = { readonly Params: { readonly id: string } };

/** Pipelines and their runs: listed, begun, looked after, cancelled. */
export function pipelineRoutes(server: FastifyInstance, { useCases, limits }: RestOptions): void {
  server.get('/pipelines', async (request, reply) => {
    new QueryParameters(request, []);
    const statuses = await useCases.listPipelines({}, request.forge.call());
    return sendJson(request, reply, 200, JSON.stringify({ success: true, pipelines: statuses.map(pipelineJson) }));
  });

  server.get<Named>('/pipelines/:name', async (request, reply) => {
    new QueryParameters(request, []);
    const status = await useCases.getPipeline(request.params, request.forge.call());
    return sendJson(request, reply, 200, JSON.stringify({ success: true, ...pipelineJson(status) }));
  });

  server.get<Named>('/pipelines/:name/runs', async (request, reply) => {
    const limit = new QueryParameters(request, ['limit']).count('limit');
    const runs = await useCases.listRuns({ pipeline: request.params.name, limit }, request.forge.call());
    const shown = runs.map((run) => ({ ...runJson(run), log: undefined }));
    return sendJson(request, reply, 200, JSON.stringify({ success: true, runs: shown }));
  });

  server.post<Named>('/pipelines/:name/runs', async (request, reply) => {
    const wait = new QueryParameters(request, ['wait_ms']).count('wait_ms') ?? 0;
    const run = await useCases.runPipeline({ pipeline: request.params.name, wait }, request.forge.abortableCall());
    reply.header('location', `/api/v1/runs/${run.id}`);
    return sendJson(request, reply, run.endedAt === null ? 202 : 200, answerOf(run));
  });

  server.post<Named>('/pipelines/:name/backfills', async (request, reply) => {
    const wait = new QueryParameters(request, ['wait_ms']).count('wait_ms') ?? 0;
    const json = parseObject(await readJsonBytes(request, limits), ['from', 'to']);
    const window = { from: textMember(json, 'from'), to: textMember(json, 'to') };
    const asked = { pipeline: request.params.name, ...window, wait };
    const run = await useCases.backfillPipeline(asked, request.forge.abortableCall());
    reply.header('location', `/api/v1/runs/${run.id}`);
    return sendJson(request, reply, run.endedAt === null ? 202 : 200, answerOf(run));
  });

  for (const [action, paused] of [
    ['pause', true],
    ['resume', false],
  ] as const) {
    server.post<Named>(`/pipelines/:name/${action}`, async (request, reply) => {
      new QueryParameters(request, []);
      await useCases.pausePipeline({ ...request.params, paused }, request.forge.call());
      const status = await useCases.getPipeline(request.params, request.forge.call());
      return sendJson(request, reply, 200, JSON.stringify({ success: true, ...pipelineJson(status) }));
    });
  }

  server.post<Named>('/pipelines/:name/reset', async (request, reply) => {
    new QueryParameters(request, []);
    await useCases.resetPipeline(request.params, request.forge.call());
    return sendJson(request, reply, 200, JSON.stringify({ success: true }));
  });

  server.post<Named>('/pipelines/:name/replay', async (request, reply) => {
    new QueryParameters(request, []);
    const { stored, left } = await useCases.replayRows(request.params, request.forge.abortableCall());
    return sendJson(request, reply, 200, JSON.stringify({ success: true, stored, left }));
  });

  server.post<OfRun>('/runs/:id/rollback', async (request, reply) => {
    new QueryParameters(request, []);
    const { run, records, cursorReset } = await useCases.rollBackRun(request.params, request.forge.call());
    const body = { success: true, records, cursor_reset: cursorReset, run: { ...runJson(run), log: undefined } };
    return sendJson(request, reply, 200, JSON.stringify(body));
  });

  server.get<OfRun>('/runs/:id', async (request, reply) => {
    const wait = new QueryParameters(request, ['wait_ms']).count('wait_ms');
    const run = await useCases.getRun({ id: request.params.id, wait }, request.forge.abortableCall());
    return sendJson(request, reply, 200, answerOf(run));
  });

  server.delete<OfRun>('/runs/:id', async (request, reply) => {
    new QueryParameters(request, []);
    const run = await useCases.cancelRun(request.params, request.forge.call());
    return sendJson(request, reply, 200, answerOf(run));
  });
}

function answerOf(run: PipelineRun): string {
  return JSON.stringify({ success: true, ...runJson(run) });
}
