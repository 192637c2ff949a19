import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'graphql-ws';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { TestServer } from '../rest/support/server.ts';
import { startPipelineServer } from './support/pipeline-server.ts';
import { RowSource, rowsFrom, sendJson } from './support/row-source.ts';

let folder: string;
let source: RowSource;
let app: TestServer;
/** Pages are answered when the test lets them go. */
let pages: (() => void)[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-forge-pipelines-'));
  pages = [];
  source = await RowSource.start(async ({ url }, response) => {
    const page = Number(url.searchParams.get('page'));
    if (page > 1) await new Promise<void>((resolve) => pages.push(resolve));
    sendJson(response, page > 3 ? [] : rowsFrom(page * 10, page * 10 + 10));
  });
  const rows = {
    name: 'rows',
    description: 'Rows of somebody else',
    source: { kind: 'rest', url: source.url, paging: { kind: 'page' } },
    target: { dataset: 'items', mode: 'upsert' },
    schedule: { cron: '0 0 1 1 *', paused: true },
  };
  const env = { PIPELINE_BATCH: '100' };
  app = await startPipelineServer('memory', join(folder, 'pipelines'), { 'rows.json': JSON.stringify(rows) }, { env });
});
afterEach(async () => {
  for (const go of pages) go();
  await app.close();
  await source.close();
  await rm(folder, { recursive: true, force: true });
});

// biome-ignore lint/suspicious/noExplicitAny: answers of every shape
async function ask(query: string): Promise<any> {
  const { json } = await app.post('//graphql', { query });
  if (json.errors) throw new Error(JSON.stringify(json.errors));
  return json.data;
}

test('pipelines are listed, run, followed to their end, and undone', { timeout: 30_000 }, async () => {
  expect(await ask('{ pipelines { name description source dataset mode paused nextAt lastRun { id } } }')).toEqual({
    pipelines: [
      {
        name: 'rows',
        description: 'Rows of somebody else',
        source: 'rest',
        dataset: 'items',
        mode: 'upsert',
        paused: true,
        nextAt: null,
        lastRun: null,
      },
    ],
  });
  const { runPipeline: begun } = await ask('mutation { runPipeline(name: "rows") { id state rows } }');
  expect(begun).toMatchObject({ state: 'WAITING', rows: 0 });

  const client = createClient({
    url: `${app.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
  });
  // biome-ignore lint/suspicious/noExplicitAny: results have many shapes
  const told = client.iterate<any>({
    query: `subscription { followPipelineRun(id: "${begun.id}") { state created } }`,
  });
  const states: string[] = [];
  let created = -1;
  for await (const { data } of told) {
    const { state, created: now } = data.followPipelineRun;
    if (states.at(-1) !== state) states.push(state);
    expect(now).toBeGreaterThanOrEqual(created);
    created = now;
    for (const go of pages.splice(0)) go();
  }
  await client.dispose();
  expect(states.at(-1)).toBe('SUCCEEDED');
  expect(states).toContain('RUNNING');
  expect(created).toBe(30);

  const { pipelineRun: ended } = await ask(
    `{ pipelineRun(id: "${begun.id}") { state rows created rejected error log part } }`,
  );
  expect(ended).toMatchObject({ state: 'SUCCEEDED', rows: 30, created: 30, rejected: 0, error: null, part: 1 });
  expect(ended.log.at(-1)).toBe('succeeded');
  expect((await ask('{ pipelineRuns(pipeline: "rows", limit: 5) { id } }')).pipelineRuns).toEqual([{ id: begun.id }]);
  const { rollBackPipelineRun: undone } = await ask(
    `mutation { rollBackPipelineRun(id: "${begun.id}") { records cursorReset run { id } } }`,
  );
  expect(undone).toEqual({ records: 30, cursorReset: true, run: { id: begun.id } });
  expect(await ask('{ countItems }')).toEqual({ countItems: 0 });
});

test('schedules are held and let go, and faults have their codes', async () => {
  expect(await ask('mutation { resumePipeline(name: "rows") { paused nextAt } }')).toEqual({
    resumePipeline: { paused: false, nextAt: expect.stringMatching(/^\d{4}-01-01T00:00:00/) },
  });
  expect((await ask('mutation { pausePipeline(name: "rows") { paused } }')).pausePipeline.paused).toBe(true);
  const { json } = await app.post('//graphql', { query: 'mutation { runPipeline(name: "nobody") { id } }' });
  expect(json.errors[0].extensions.code).toBe('unknown_pipeline');
  const refused = 'mutation { backfillPipeline(name: "rows", from: "1", to: "2") { id backfill { from to } } }';
  const { json: answer } = await app.post('//graphql', { query: refused });
  expect(answer.errors[0].message).toContain('has no incremental field');
  expect((await ask('mutation { resetPipeline(name: "rows") { name } }')).resetPipeline.name).toBe('rows');
  expect((await ask('mutation { runPipeline(name: "rows") { id } }')).runPipeline.id).toBeTruthy();
  const { pipeline } = await ask('{ pipeline(name: "rows") { lastRun { id state } } }');
  const cancelled = await ask(`mutation { cancelPipelineRun(id: "${pipeline.lastRun.id}") { state } }`);
  expect(cancelled.cancelPipelineRun.state).toBe('CANCELLED');
});
