import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { EvolutionPlan } from '#domain/dataset/evolution.ts';
import { JsonObject, kindOfJson } from '#domain/record/json.ts';
import { invalid, parseObject } from '../../json-body.ts';
import { QueryParameters } from '../query-parameters.ts';
import { readJsonBytes } from '../request-body.ts';
import type { RestOptions } from '../rest-options.ts';
import { sendJson } from '../send.ts';

type Named = { readonly Params: { readonly name: string } };

/** What the command line asks of a running server: reload, plan and apply dataset files, back up. Needs the right "admin". */
export function adminRoutes(server: FastifyInstance, { useCases, limits }: RestOptions): void {
  server.post('/admin/reload', async (request, reply) => {
    await readOptions(request, []);
    const asked = { whenIncompatible: 'refuse' } as const;
    const { served, applied, withoutFile } = await useCases.synchroniseDatasets(asked, request.forge.call());
    const { pipelines } = await useCases.synchronisePipelines({}, request.forge.call());
    const body = { success: true, datasets: served, applied, without_file: withoutFile, pipelines };
    return sendJson(request, reply, 200, JSON.stringify(body));
  });

  server.get<Named>('/admin/schemas/:name/plan', async (request, reply) => {
    new QueryParameters(request, []);
    const plan = await useCases.planDataset(request.params, request.forge.call());
    return sendJson(request, reply, 200, JSON.stringify(describePlan(plan)));
  });

  server.post<Named>('/admin/schemas/:name/apply', async (request, reply) => {
    const given = (await readOptions(request, ['accept_loss'])).get('accept_loss') ?? false;
    if (typeof given !== 'boolean') throw invalid('/accept_loss', 'accept_loss must be true or false.');
    const { name } = request.params;
    const { plan, backup } = await useCases.applyDataset({ name, acceptLoss: given }, request.forge.call());
    return sendJson(request, reply, 200, JSON.stringify({ success: true, ...describePlan(plan), backup }));
  });

  server.post('/admin/backup', async (request, reply) => {
    const to = (await readOptions(request, ['to'])).get('to') ?? null;
    if (to !== null && typeof to !== 'string') throw invalid('/to', `to must be a path, not ${kindOfJson(to)}.`);
    const { path } = await useCases.backupStore({ to }, request.forge.call());
    return sendJson(request, reply, 201, JSON.stringify({ success: true, path }));
  });

  /** The members of a body that may be left out. */
  async function readOptions(request: FastifyRequest, known: readonly string[]): Promise<JsonObject> {
    new QueryParameters(request, []);
    const { 'content-length': length, 'transfer-encoding': transfer } = request.headers;
    if (transfer === undefined && (length === undefined || length === '0')) return new JsonObject([]);
    return parseObject(await readJsonBytes(request, limits), known);
  }
}

function describePlan({ dataset, stored, steps }: EvolutionPlan) {
  return {
    schema_name: dataset.name,
    stored: stored !== null,
    steps: steps.map(({ step, safety, loses, reason }) => ({ kind: step.kind, safety, loses, reason })),
  };
}
