import type { FastifyInstance } from 'fastify';
import type { EvolutionPlan } from '#domain/dataset/evolution.ts';
import { QueryParameters } from '../query-parameters.ts';
import type { RestOptions } from '../rest-options.ts';
import { sendJson } from '../send.ts';

type Named = { readonly Params: { readonly name: string } };

/** What the command line asks of a running server: reload, plan and apply dataset files, back up. Needs the right "admin". */
export function adminRoutes(server: FastifyInstance, { useCases }: RestOptions): void {
  server.post('/admin/reload', async (request, reply) => {
    new QueryParameters(request, []);
    const { served, applied, withoutFile } = await useCases.synchroniseDatasets({}, request.forge.call());
    const body = { success: true, datasets: served, applied, without_file: withoutFile };
    return sendJson(request, reply, 200, JSON.stringify(body));
  });

  server.get<Named>('/admin/schemas/:name/plan', async (request, reply) => {
    new QueryParameters(request, []);
    const plan = await useCases.planDataset(request.params, request.forge.call());
    return sendJson(request, reply, 200, JSON.stringify(describePlan(plan)));
  });

  server.post<Named>('/admin/schemas/:name/apply', async (request, reply) => {
    const acceptLoss = new QueryParameters(request, ['accept_loss']).flag('accept_loss');
    const { name } = request.params;
    const { plan, backup } = await useCases.applyDataset({ name, acceptLoss }, request.forge.call());
    return sendJson(request, reply, 200, JSON.stringify({ success: true, ...describePlan(plan), backup }));
  });

  server.post('/admin/backup', async (request, reply) => {
    const to = new QueryParameters(request, ['to']).text('to');
    const { path } = await useCases.backupStore({ to }, request.forge.call());
    return sendJson(request, reply, 201, JSON.stringify({ success: true, path }));
  });
}

function describePlan({ dataset, stored, steps }: EvolutionPlan) {
  return {
    schema_name: dataset.name,
    stored: stored !== null,
    steps: steps.map(({ step, safety, loses, reason }) => ({ kind: step.kind, safety, loses, reason })),
  };
}
