import type { FastifyInstance } from 'fastify';
import type { UseCases } from '#application/use-cases.ts';
import { describeDataset } from '#domain/dataset/describe-dataset.ts';
import { jsonSchemaOf } from '#domain/dataset/json-schema-of.ts';
import { writeJson } from '#domain/record/json.ts';
import { QueryParameters } from '../query-parameters.ts';
import { sendJson, sendText } from '../send.ts';

type Named = { readonly Params: { readonly name: string } };

/** The datasets: what there is, and what their rows look like. */
export function schemaRoutes(server: FastifyInstance, useCases: UseCases): void {
  server.get('/schemas', async (request, reply) => {
    new QueryParameters(request, []);
    const datasets = await useCases.listDatasets({}, request.forge.call());
    return sendJson(
      request,
      reply,
      200,
      `[${datasets.map((dataset) => writeJson(describeDataset(dataset))).join(',')}]`,
    );
  });

  server.get<Named>('/schemas/:name', async (request, reply) => {
    new QueryParameters(request, []);
    const dataset = await useCases.getDataset(request.params, request.forge.call());
    return sendJson(request, reply, 200, writeJson(describeDataset(dataset)));
  });

  server.get<Named>('/schemas/:name/json-schema', async (request, reply) => {
    new QueryParameters(request, []);
    const dataset = await useCases.getDataset(request.params, request.forge.call());
    return sendText(request, reply, 200, 'application/schema+json; charset=utf-8', writeJson(jsonSchemaOf(dataset)));
  });
}
