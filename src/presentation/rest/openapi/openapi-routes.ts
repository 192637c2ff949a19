import type { FastifyInstance } from 'fastify';
import { type Call, systemCall } from '#application/call.ts';
import type { UseCases } from '#application/use-cases.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { JsonObject, parseJson } from '#domain/record/json.ts';
import type { RestLimits } from '../rest-options.ts';
import { sendJson } from '../send.ts';
import { openApiDocument } from './document.ts';
import { type DatasetExample, exampleOf } from './example.ts';

export interface OpenApiOptions {
  readonly useCases: UseCases;
  readonly version: string;
  readonly limits: RestLimits;
  readonly revision: () => number;
}

/** The description of the API for programs. It is made again when the datasets change, or an example was still missing. */
export function openApiRoutes(server: FastifyInstance, { useCases, version, limits, revision }: OpenApiOptions): void {
  let kept: { readonly revision: number; readonly json: string } | null = null;

  server.get('/openapi.json', async (request, reply) => {
    const now = revision();
    if (kept?.revision === now) return sendJson(request, reply, 200, kept.json);
    const datasets = await useCases.listDatasets({}, request.forge.call());
    const examples = await readExamples(useCases, datasets, systemCall());
    const json = openApiDocument({ datasets, examples, version, limits });
    if (examples.size === datasets.length) kept = { revision: now, json };
    return sendJson(request, reply, 200, json);
  });
}

/** The first record of each dataset. */
async function readExamples(
  useCases: UseCases,
  datasets: readonly Dataset[],
  call: Call,
): Promise<Map<string, DatasetExample>> {
  const examples = new Map<string, DatasetExample>();
  for (const { name } of datasets) {
    const asked = { schema: name, page: 1, size: 1, cursor: null, filters: null, sort: null, fields: null };
    const [record] = await useCases.queryRecords(asked, call).then(
      (page) => page.records,
      () => [],
    );
    const json = record === undefined ? null : parseJson(record.json);
    if (json instanceof JsonObject) examples.set(name, exampleOf(json));
  }
  return examples;
}
