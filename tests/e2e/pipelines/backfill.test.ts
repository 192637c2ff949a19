import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createTestDatabase, POSTGRES_MISSING } from '../../support/postgres-database.ts';
import { ServerProcess } from '../../support/server-process.ts';
import { until } from '../../support/until.ts';
import type { TestServer } from '../rest/support/server.ts';
import { PIPELINE_DATASETS, runToEnd, startPipelineServer } from './support/pipeline-server.ts';
import { RowSource, type SourceRequest, sendJson } from './support/row-source.ts';

const PAGE = 10;
const DURABLE = ['duckdb', 'sqlite', ...(POSTGRES_MISSING === null ? (['postgres'] as const) : [])] as const;
/** Rows 1 to 100 by the time they were changed at, a second each; the ordinary runs begin at the 81st. */
const timeOf = (id: number) => new Date(Date.UTC(2024, 0, 1) + id * 1000).toISOString();
const START = timeOf(81);

interface Row {
  readonly id: number;
  readonly name: string;
  readonly at: string;
}

let folder: string;
let source: RowSource;
let server: TestServer | undefined;
let rows: Row[];
/** Called for each page before it is answered. */
let onPage: (request: SourceRequest, offset: number) => unknown;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-forge-backfill-'));
  rows = Array.from({ length: 100 }, (_, at) => ({ id: at + 1, name: `row ${at + 1}`, at: timeOf(at + 1) }));
  onPage = () => {};
  source = await RowSource.start(async (request, response) => {
    const since = request.url.searchParams.get('since') ?? '';
    const offset = Number(request.url.searchParams.get('offset'));
    const page = rows.filter(({ at }) => at >= since).slice(offset, offset + PAGE);
    await onPage(request, offset);
    sendJson(response, page);
  });
});

afterEach(async () => {
  await server?.close();
  server = undefined;
  await source.close();
  await rm(folder, { recursive: true, force: true });
});

const FILE = (more: object = {}, target: object = { dataset: 'items', mode: 'upsert' }) => ({
  'rows.json': JSON.stringify({
    name: 'rows',
    source: {
      kind: 'rest',
      url: `${source.url}/rows`,
      paging: { kind: 'offset', limit: PAGE },
      incremental: { field: 'at', param: 'since', start: START },
      ...more,
    },
    transform: 'SELECT id, name FROM batch',
    target,
    retry: { attempts: 3, wait: '1ms', most: '5ms' },
  }),
});

async function start(files: Readonly<Record<string, string>> = FILE()): Promise<TestServer> {
  server = await startPipelineServer('memory', folder, files, { env: { PIPELINE_BATCH: '100' } });
  return server;
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into runs of every shape
async function backfill(app: TestServer, from: string, to: string, name = 'rows'): Promise<any> {
  return (await app.post(`/pipelines/${name}/backfills?wait_ms=30000`, { from, to })).json;
}

async function idsOf(app: TestServer, dataset = 'items'): Promise<number[]> {
  const { text } = await app.get(`/records/${dataset}/stream?shape=flat`);
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line).id).sort((a, b) => a - b);
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at);

test('a window is read into the dataset, and the ordinary runs go on where they were', async () => {
  const app = await start();
  expect(await runToEnd(app, 'rows')).toMatchObject({ state: 'succeeded', created: 20, backfill: null });
  const window = { from: timeOf(11), to: timeOf(31) };
  const filled = await backfill(app, window.from, window.to);
  expect(filled).toMatchObject({ state: 'succeeded', created: 20, updated: 0, backfill: window });
  expect(await idsOf(app)).toEqual([...range(11, 30), ...range(81, 100)]);
  const { json } = await app.get('/pipelines/rows/runs');
  expect(json.runs.map((run: { backfill: object }) => run.backfill)).toEqual([window, null]);
  source.requests.length = 0;
  expect(await runToEnd(app, 'rows')).toMatchObject({ state: 'succeeded', created: 0, updated: 0 });
  expect(source.requests[0]?.url.searchParams.get('since')).toBe(timeOf(100));
  // The ends are half-open, dates are days of UTC, and what is there already is only compared.
  expect(await backfill(app, timeOf(30), timeOf(32))).toMatchObject({ state: 'succeeded', created: 1 });
  expect(await backfill(app, '2024-01-01', '2024-01-02')).toMatchObject({ state: 'succeeded', created: 59 });
  expect(await idsOf(app)).toEqual(range(1, 100));
});

test('what a backfill did can be undone, and the same window be read once more', async () => {
  const app = await start();
  await runToEnd(app, 'rows');
  const { id } = await backfill(app, timeOf(11), timeOf(31));
  const { json } = await app.post(`/runs/${id}/rollback`, undefined);
  expect(json).toMatchObject({ records: 20, run: { backfill: { from: timeOf(11) } } });
  expect(await idsOf(app)).toEqual(range(81, 100));
  expect(await backfill(app, timeOf(11), timeOf(31))).toMatchObject({ created: 20 });
  expect(await runToEnd(app, 'rows')).toMatchObject({ created: 0 });
});

test('one that broke off goes on where it died when the same window is asked for again', async () => {
  const app = await start();
  let broken = true;
  onPage = (_, offset) => {
    if (broken && offset === 50) throw new Error('away');
  };
  const failed = await backfill(app, timeOf(1), timeOf(81));
  expect(failed).toMatchObject({ state: 'failed', created: 50 });
  broken = false;
  source.requests.length = 0;
  expect(await backfill(app, timeOf(1), timeOf(81))).toMatchObject({ state: 'succeeded', created: 30 });
  expect(source.requests[0]?.url.searchParams.get('offset')).toBe('50');
  expect(await idsOf(app)).toEqual(range(1, 80));
  // Undone from the middle, it goes on from the middle.
  await app.post(`/runs/${failed.id}/rollback`, undefined);
  expect(await idsOf(app)).toEqual(range(51, 80));
});

test('is cancelled like any other run, and only one of a pipeline goes on at a time', async () => {
  const app = await start();
  const held = Promise.withResolvers<void>();
  onPage = (_, offset) => (offset === 30 ? held.promise : null);
  const { json: begun } = await app.post('/pipelines/rows/backfills', { from: timeOf(1), to: timeOf(81) });
  await until(() => source.requests.length >= 4);
  const second = await app.post('/pipelines/rows/backfills', { from: timeOf(1), to: timeOf(2) });
  expect(second).toMatchObject({
    status: 409,
    json: { code: 'pipeline_busy', detail: expect.stringContaining('a backfill under way') },
  });
  expect(await app.post(`/runs/${begun.id}/rollback`, undefined)).toMatchObject({ status: 409 });
  const { json: cancelled } = await app.call('DELETE', `/runs/${begun.id}`);
  held.resolve();
  expect(cancelled).toMatchObject({ state: 'cancelled', backfill: { from: timeOf(1) } });
});

test('an ordinary run is not held up, and what it has fetched since is not put back', async () => {
  const app = await start();
  await runToEnd(app, 'rows');
  const held = Promise.withResolvers<void>();
  onPage = (_, offset) => (offset === 20 ? held.promise : null);
  const { json: begun } = await app.post('/pipelines/rows/backfills', { from: timeOf(1), to: timeOf(200) });
  await until(() => source.requests.some(({ url }) => url.searchParams.get('offset') === '20'));
  // The page with the row as it was is on its way when the row is changed, and the schedule fetches it.
  onPage = () => {};
  rows = [...rows.filter(({ id }) => id !== 25), { id: 25, name: 'changed', at: timeOf(150) }];
  expect(await runToEnd(app, 'rows')).toMatchObject({ state: 'succeeded', created: 1 });
  held.resolve();
  const filled = (await app.get(`/runs/${begun.id}?wait_ms=30000`)).json;
  expect(filled).toMatchObject({ state: 'succeeded' });
  const lines = (await app.get('/records/items/stream?shape=flat')).text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.find(({ id }) => id === 25).name).toBe('changed');
  expect(filled.retries).toBeGreaterThan(0);
  expect(await idsOf(app)).toEqual(range(1, 100));
});

test('a pipeline that appends leaves rows that are there, by their key', async () => {
  const app = await start(FILE({}, { dataset: 'items', mode: 'append' }));
  await runToEnd(app, 'rows');
  expect(await backfill(app, timeOf(71), timeOf(91))).toMatchObject({ state: 'succeeded', created: 10, ignored: 10 });
  expect(await idsOf(app)).toEqual(range(71, 100));
});

test('what cannot be read by a window, or would be there twice, is refused in one sentence', async () => {
  const { 'rows.json': rowsFile } = FILE();
  const files = {
    'rows.json': rowsFile ?? '',
    'all.json': JSON.stringify({
      name: 'all',
      source: { kind: 'rest', url: source.url },
      target: { dataset: 'items', mode: 'upsert' },
    }),
    'log.json': JSON.stringify({ ...JSON.parse(rowsFile ?? ''), name: 'log', target: { dataset: 'log' } }),
    'replace.json': JSON.stringify({
      ...JSON.parse(rowsFile ?? ''),
      name: 'replace',
      target: { dataset: 'items', mode: 'replace' },
    }),
    'files.json': JSON.stringify({
      name: 'files',
      source: { kind: 'files', path: '.' },
      target: { dataset: 'items', mode: 'upsert' },
    }),
  };
  const app = await start(files);
  const said = async (name: string, from = timeOf(1), to = timeOf(2)) => {
    const { status, json } = await app.post(`/pipelines/${name}/backfills`, { from, to });
    return [status, json.code, json.detail];
  };
  const refused = (sentence: RegExp) => [400, 'invalid_parameter', expect.stringMatching(sentence)];
  expect(await said('files')).toEqual(
    refused(/reads from files, which cannot be asked for a window; flight, graphql, odata, rest, sql can\.$/),
  );
  expect(await said('all')).toEqual(refused(/has no incremental field/));
  expect(await said('log')).toEqual(refused(/appends to a dataset without primary_key/));
  expect(await said('replace')).toEqual(refused(/replaces all rows/));
  expect(await said('rows', timeOf(2), timeOf(2))).toEqual(refused(/is empty/));
  expect(await said('rows', timeOf(3), timeOf(2))).toEqual(refused(/is empty/));
  expect(await said('none')).toEqual([404, 'unknown_pipeline', expect.any(String)]);
  expect((await app.post('/pipelines/rows/backfills', { from: '1' })).status).toBe(400);
});

describe.each(DURABLE)('a server on %s that is killed in the middle of a backfill', (engine) => {
  test('has every row of the window once, and its cursor where it was', { timeout: 120_000 }, async () => {
    const database = engine === 'postgres' ? await createTestDatabase() : { url: '', dispose: async () => {} };
    for (const [place, files] of [
      ['datasets', PIPELINE_DATASETS],
      ['pipelines', FILE()],
    ] as const) {
      await mkdir(join(folder, place));
      for (const [name, text] of Object.entries(files)) await writeFile(join(folder, place, name), text);
    }
    onPage = () => sleep(30);
    let running: ServerProcess | null = null;
    const again = async () => {
      await running?.kill('SIGKILL');
      running = await ServerProcess.start(join(folder, 'data'), join(folder, 'datasets'), {
        DB_ENGINE: engine,
        DATABASE_URL: database.url,
        PIPELINES_DIR: join(folder, 'pipelines'),
        PIPELINE_BATCH: '100',
      });
      return running.url;
    };
    // biome-ignore lint/suspicious/noExplicitAny: answers of every shape
    const call = async (url: string, method: string, path: string, body?: object): Promise<any> =>
      (
        await fetch(`${url}/api/v1${path}`, {
          method,
          ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
        })
      ).json();
    try {
      let url = await again();
      await call(url, 'POST', '/pipelines/rows/runs?wait_ms=30000');
      const begun = await call(url, 'POST', '/pipelines/rows/backfills', { from: timeOf(1), to: timeOf(81) });
      for (const pages of [2, 2]) {
        source.requests.length = 0;
        await until(() => source.requests.length > pages);
        url = await again();
      }
      const run = await call(url, 'GET', `/runs/${begun.id}?wait_ms=60000`);
      expect(run).toMatchObject({ state: 'succeeded', created: 80 });
      expect(await call(url, 'GET', '/records/items/count')).toMatchObject({ count: 100 });
      source.requests.length = 0;
      expect(await call(url, 'POST', '/pipelines/rows/runs?wait_ms=30000')).toMatchObject({ created: 0, updated: 0 });
      expect(source.requests[0]?.url.searchParams.get('since')).toBe(timeOf(100));
    } finally {
      await (running as ServerProcess | null)?.kill('SIGKILL');
      await database.dispose();
    }
  });
});
