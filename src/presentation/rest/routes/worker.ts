import type { FastifyInstance } from 'fastify';
import type { BackfillWindow } from '#domain/pipeline/backfill.ts';
import type { Cursor } from '#domain/pipeline/cursor.ts';
import type { PipelineRun } from '#domain/pipeline/run.ts';
import { JsonArray, parseJson } from '#domain/record/json.ts';
import { invalid, parseObject, textMember } from '../../json-body.ts';
import { QueryParameters } from '../query-parameters.ts';
import { mediaTypeOf, readDecoded, readJsonBytes } from '../request-body.ts';
import type { RestOptions } from '../rest-options.ts';
import { sendJson } from '../send.ts';
import { readFormat } from './upload.ts';

type Named = { readonly Params: { readonly name: string } };
type OfBatch = { readonly Params: { readonly name: string; readonly number: string } };
type OfRun = { readonly Params: { readonly id: string } };

/** The header with the cursor behind a batch, as JSON in base64url. */
const CURSOR = 'forge-cursor';
const WINDOW = ['from', 'to'];

/** What workers on other machines need: `forge worker`. Names and shapes are those of the platform's inside, and change with it. */
export function workerRoutes(server: FastifyInstance, { useCases, limits, flightAddress }: RestOptions): void {
  server.get<Named>('/worker/pipelines/:name', async (request, reply) => {
    const window = windowOf(new QueryParameters(request, WINDOW));
    const work = await useCases.getPipelineWork({ ...request.params, window }, request.forge.call());
    return sendJson(request, reply, 200, JSON.stringify({ success: true, ...work, flight: flightAddress() }));
  });

  server.post<Named>('/worker/pipelines/:name/take', async (request, reply) => {
    const window = windowOf(new QueryParameters(request, WINDOW));
    const json = parseObject(await readJsonBytes(request, limits), ['holder', 'caller']);
    const asked = { ...request.params, window, holder: textMember(json, 'holder'), caller: textMember(json, 'caller') };
    const state = await useCases.takePipeline(asked, request.forge.call());
    return sendJson(request, reply, 200, JSON.stringify({ success: true, state }));
  });

  server.get<Named>('/worker/pipelines/:name/runs', async (request, reply) => {
    const limit = new QueryParameters(request, ['limit']).count('limit') ?? 0;
    const runs = await useCases.listKeptRuns({ ...request.params, limit }, request.forge.call());
    return sendJson(request, reply, 200, JSON.stringify({ success: true, runs }));
  });

  server.put<OfBatch>('/worker/pipelines/:name/batches/:number', async (request, reply) => {
    const query = new QueryParameters(request, ['run', 'holder', 'caller', ...WINDOW]);
    const type = mediaTypeOf(request);
    const cursor = cursorOf(request.headers[CURSOR]);
    const batch = {
      name: request.params.name,
      number: Number(request.params.number),
      run: query.text('run') ?? '',
      holder: query.text('holder') ?? '',
      caller: query.text('caller') ?? '',
      window: windowOf(query),
      cursor: () => cursor,
      rows: type === '' ? null : { format: readFormat(type), body: readDecoded(request, limits.maxUploadBytes) },
    };
    const stored = await useCases.storeBatch(batch, request.forge.abortableCall());
    return sendJson(request, reply, 200, JSON.stringify({ success: true, ...stored }));
  });

  server.get('/worker/datasets', async (request, reply) => {
    new QueryParameters(request, []);
    const datasets = await useCases.listJoinable({}, request.forge.call());
    return sendJson(request, reply, 200, JSON.stringify({ success: true, datasets }));
  });

  server.get('/worker/standing', async (request, reply) => {
    const query = new QueryParameters(request, ['datasets', 'since']);
    const datasets = namesOf(query.text('datasets'));
    const standing = await useCases.getStanding({ datasets, since: query.count('since') }, request.forge.call());
    return sendJson(request, reply, 200, JSON.stringify({ success: true, ...standing }));
  });

  server.get<OfRun>('/worker/runs/:id', async (request, reply) => {
    new QueryParameters(request, []);
    const run = await useCases.getKeptRun(request.params, request.forge.call());
    return sendJson(request, reply, 200, JSON.stringify({ success: true, run }));
  });

  server.put<OfRun>('/worker/runs/:id', async (request, reply) => {
    new QueryParameters(request, []);
    const run = JSON.parse((await readJsonBytes(request, limits)).toString()) as PipelineRun;
    if (run.id !== request.params.id) throw invalid('/id', 'id must be that of the address.');
    await useCases.keepRun({ run }, request.forge.call());
    return sendJson(request, reply, 200, '{"success":true}');
  });
}

/** The window of a backfill; null for ordinary runs. */
function windowOf(query: QueryParameters): BackfillWindow | null {
  const [from, to] = [query.text('from'), query.text('to')];
  return from === null || to === null ? null : { from, to };
}

function cursorOf(header: string | string[] | undefined): Cursor | null {
  try {
    return JSON.parse(Buffer.from(String(header), 'base64url').toString()) as Cursor | null;
  } catch {
    throw invalid('', `The header ${CURSOR} must have the cursor as JSON in base64url.`);
  }
}

/** Names as a JSON list of texts. */
function namesOf(text: string | null): readonly string[] {
  const names = parseJson(text ?? '[]');
  return names instanceof JsonArray ? names.items.map(String) : [];
}
