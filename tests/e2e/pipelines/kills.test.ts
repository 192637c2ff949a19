import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createTestDatabase, POSTGRES_MISSING } from '../../support/postgres-database.ts';
import { ServerProcess } from '../../support/server-process.ts';
import { PIPELINE_DATASETS } from './support/pipeline-server.ts';
import { ndjson, RowSource, rowsFrom, sendJson } from './support/row-source.ts';

const ROWS = 20_000;
const PAGE = 500;
const KILLS = 4;
const DURABLE = ['duckdb', 'sqlite', ...(POSTGRES_MISSING === null ? (['postgres'] as const) : [])] as const;

let folder: string;
let source: RowSource;
let running: ServerProcess | undefined;
let database = { url: '', dispose: async () => {} };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-forge-kills-'));
  await mkdir(join(folder, 'datasets'));
  await mkdir(join(folder, 'pipelines'));
  for (const [name, text] of Object.entries(PIPELINE_DATASETS)) await writeFile(join(folder, 'datasets', name), text);
  source = await RowSource.start(async ({ url }, response) => {
    if (url.pathname === '/body') {
      // Slow enough that a server can be killed in the middle of it.
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      for (let from = 0; from < ROWS; from += PAGE) {
        response.write(ndjson(rowsFrom(from, from + PAGE)));
        await sleep(10);
      }
      response.end();
      return;
    }
    const offset = Number(url.searchParams.get('offset'));
    await sleep(Math.random() * 10);
    sendJson(response, rowsFrom(offset, Math.min(offset + PAGE, ROWS)));
  });
});

afterEach(async () => {
  await running?.kill('SIGKILL');
  await source.close();
  await database.dispose();
  database = { url: '', dispose: async () => {} };
  await rm(folder, { recursive: true, force: true });
});

describe.each(DURABLE)('a server on %s that is killed while it fetches', (engine) => {
  test.each([
    ['pages', { url: '/pages', paging: { kind: 'offset', limit: PAGE } }],
    ['one body', { url: '/body' }],
  ])('has every row of %s once, whenever it is killed', { timeout: 120_000 }, async (_name, { url, ...options }) => {
    if (engine === 'postgres') database = await createTestDatabase();
    await writeFile(
      join(folder, 'pipelines', 'rows.json'),
      JSON.stringify({
        name: 'rows', // A run that begins behind one that has ended finds nothing new.
        source: { kind: 'rest', url: source.url + url, incremental: { field: 'id' }, ...options },
        target: { dataset: 'log' },
      }),
    );
    const start = async () => {
      running = await ServerProcess.start(join(folder, 'data'), join(folder, 'datasets'), {
        DB_ENGINE: engine,
        DATABASE_URL: database.url,
        PIPELINES_DIR: join(folder, 'pipelines'),
        PIPELINE_BATCH: '50KB',
      });
      return running;
    };
    // biome-ignore lint/suspicious/noExplicitAny: runs of every shape
    const call = async (server: ServerProcess, method: string, path: string): Promise<any> =>
      (await fetch(`${server.url}/api/v1${path}`, { method })).json();
    let killed = 0;
    // On a quick machine a run may have ended before its server is killed.
    for (let round = 0; round < KILLS || (killed === 0 && round < 5 * KILLS); round++) {
      const server = await start();
      await call(server, 'POST', '/pipelines/rows/runs');
      await sleep(20 + Math.random() * 250);
      const [run] = (await call(server, 'GET', '/pipelines/rows/runs')).runs;
      await server.kill('SIGKILL');
      if (run.state === 'running' || run.state === 'waiting') killed++;
    }
    expect(killed).toBeGreaterThan(0);
    const server = await start();
    // The run that was under way goes on by itself, unless its process has ended in its hands too often.
    const [under] = (await call(server, 'GET', '/pipelines/rows/runs')).runs;
    await call(server, 'GET', `/runs/${under.id}?wait_ms=60000`);
    const before = (await call(server, 'GET', '/pipelines/rows/runs')).runs;
    expect(before.map(({ state }: { state: string }) => state)).toEqual(
      before.map(({ ended_at }: { ended_at: string | null }) => (ended_at === null ? 'died' : 'succeeded')),
    );
    const last = await call(server, 'POST', '/pipelines/rows/runs?wait_ms=60000');
    expect(last).toMatchObject({ state: 'succeeded', error: null });
    const runs = (await call(server, 'GET', '/pipelines/rows/runs?limit=100')).runs;
    const text = await (await fetch(`${server.url}/api/v1/records/log/stream?shape=flat`)).text();
    const lines = text.trim().split('\n');
    const ids = lines.map((line) => Number(JSON.parse(line).id));
    expect(ids.length).toBe(ROWS);
    expect(new Set(ids).size).toBe(ROWS);
    // What the history says of all runs together is what is there.
    expect(runs.reduce((sum: number, { created }: { created: number }) => sum + created, 0)).toBe(ROWS);
    await server.kill('SIGTERM');
  });
});
