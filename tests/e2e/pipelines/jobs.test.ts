import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { forge } from '../../support/forge-command.ts';
import { describeOnRedis } from '../../support/redis-server.ts';
import { ServerProcess } from '../../support/server-process.ts';
import { until } from '../../support/until.ts';
import { ENGINES, type EngineName, type TestServer } from '../rest/support/server.ts';
import { PIPELINE_DATASETS, runToEnd, startPipelineServer } from './support/pipeline-server.ts';

let folder: string;
let server: TestServer | undefined;
let running: ServerProcess | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-forge-jobs-'));
});

afterEach(async () => {
  await server?.close();
  await running?.kill('SIGKILL');
  server = undefined;
  running = undefined;
  await rm(folder, { recursive: true, force: true });
});

async function start(engine: EngineName, jobs: Readonly<Record<string, object>>): Promise<TestServer> {
  const files = Object.entries(jobs).map(([name, more]) => [`${name}.json`, JSON.stringify({ name, ...more })]);
  server = await startPipelineServer(engine, join(folder, 'pipelines'), Object.fromEntries(files));
  return server;
}

const copies = async () => (await readdir(join(folder, 'copies')).catch(() => [])).sort();
const messages = ({ log }: { readonly log: readonly { readonly message: string }[] }) =>
  log.map(({ message }) => message);

const BACKUP = { job: { kind: 'backup', folder: '../copies', keep: 2 } };
const item = (id: number) => ({ schema_name: 'items', data: { id, name: 'x' } });

test('who may write may not begin, hold or end a job', async () => {
  await mkdir(join(folder, 'pipelines'));
  const env = { API_TOKENS: 'writer:secret-of-writer:write,boss:secret-of-boss:admin' };
  const files = { 'well.json': JSON.stringify({ name: 'well', job: { kind: 'check' }, schedule: { every: '1h' } }) };
  server = await startPipelineServer('memory', join(folder, 'pipelines'), files, { env });
  const now = server;
  const as = (secret: string) => ({ authorization: `Bearer ${secret}` });
  const run = (await now.post('/pipelines/well/runs?wait_ms=30000', undefined, as('secret-of-boss'))).json;
  expect(run.state).toBe('succeeded');
  for (const path of ['/pipelines/well/runs', '/pipelines/well/pause', '/pipelines/well/resume']) {
    const { status, json } = await now.post(path, undefined, as('secret-of-writer'));
    expect([status, json.code], path).toEqual([403, 'forbidden']);
  }
  const cancelled = await now.call('DELETE', `/runs/${run.id}`, { headers: as('secret-of-writer') });
  expect([cancelled.status, cancelled.json.code]).toEqual([403, 'forbidden']);
});

describe.each(ENGINES)('a job of a pipeline, on %s', (engine) => {
  test('is listed, run, recorded and paused like any pipeline, and refuses what is about rows', async () => {
    const now = await start(engine, { well: { job: { kind: 'check' }, schedule: { cron: '0 3 * * *' } } });
    const run = await runToEnd(now, 'well');
    expect(run).toMatchObject({ state: 'succeeded', dataset: null, error: null, progress: { part: 1 } });
    expect(messages(run)).toEqual(['begun', expect.stringContaining(`${engine} `), 'succeeded']);
    expect((await now.get('/pipelines')).json.pipelines).toEqual([
      expect.objectContaining({ name: 'well', source: null, dataset: null, mode: null, job: 'check', paused: false }),
    ]);
    expect((await now.post('/pipelines/well/pause', undefined)).json).toMatchObject({ paused: true });
    const record = (await now.get(`/records/forge_runs/by-key?run_id=${run.id}`)).json.data;
    expect(record).toMatchObject({
      kind: 'job',
      name: 'well',
      dataset: null,
      state: 'succeeded',
      rows_read: null,
      source_ms: null,
    });
    expect(record.settings).toMatchObject({ job: 'check' });
    const query = '{ pipelines { name source job dataset lastRun { state dataset } } }';
    expect((await now.post('//graphql', { query })).json.data.pipelines).toEqual([
      { name: 'well', source: null, job: 'check', dataset: null, lastRun: { state: 'SUCCEEDED', dataset: null } },
    ]);
    for (const [path, body, said] of [
      ['/pipelines/well/backfills', { from: '1', to: '2' }, 'does the job check and moves no rows'],
      ['/pipelines/well/replay', undefined, 'does the job check and moves no rows'],
      ['/pipelines/well/reset', undefined, 'does the job check and moves no rows'],
      [`/runs/${run.id}/rollback`, undefined, 'stores no rows that could be undone'],
    ] as const) {
      const { status, json } = await now.post(path, body);
      expect([status, json.detail], path).toEqual([400, expect.stringContaining(said)]);
    }
    expect((await now.post('/pipelines/well/events', { id: 1 })).status).toBe(404);
  });

  test('writes a dataset to a file of the day, which is whole or not there', async () => {
    const now = await start(engine, {
      out: {
        job: {
          kind: 'export',
          dataset: 'items',
          format: 'csv',
          path: '../out/items-{date}.csv',
          filters: [{ field: 'id', operator: 'gt', value: 1 }],
        },
      },
    });
    for (const id of [1, 2, 3]) await now.post('/records', item(id));
    expect(await runToEnd(now, 'out')).toMatchObject({ state: 'succeeded' });
    const [name, ...others] = await readdir(join(folder, 'out'));
    expect([name, others]).toEqual([expect.stringMatching(/^items-\d{4}-\d\d-\d\d\.csv$/), []]);
    const lines = (await readFile(join(folder, 'out', name ?? ''), 'utf8')).trim().split('\n');
    expect(lines.map((line) => line.split(',')[1])).toEqual(['id', '2', '3']);
  });

  test('forgets former versions, and leaves what stands', async () => {
    const now = await start(engine, { trim: { job: { kind: 'trim_history', older_than: '1ms', dataset: 'items' } } });
    const { json } = await now.post('/records', item(1));
    await now.call('PATCH', `/records/items/${json.record.id}`, { json: { data: { name: 'y' } } });
    await now.post('/records', { schema_name: 'log', data: { id: 1 } });
    await sleep(20);
    expect(await runToEnd(now, 'trim')).toMatchObject({ state: 'succeeded' });
    expect((await now.get('/records/items/changes?since=0')).status).toBe(410);
    expect((await now.get('/records/log/changes?since=0')).status).toBe(200);
    expect((await now.get('/records/items')).json.data.items[0].data.name).toBe('y');
  });
});

describe('a job of a pipeline', () => {
  test('says what the engine cannot do, and tells whom it concerns', async () => {
    const now = await start('memory', { copy: BACKUP });
    expect(await runToEnd(now, 'copy')).toMatchObject({
      state: 'failed',
      error: { message: expect.stringContaining('The memory engine keeps no store that could be backed up') },
    });
  });

  test('fails where the store is larger than it may be', async () => {
    const now = await start('duckdb', { small: { job: { kind: 'check', most_bytes: 1 } } });
    expect(await runToEnd(now, 'small')).toMatchObject({ state: 'failed', error: { code: 'resources_exhausted' } });
  });
});

async function startProcess(name: string, env: Readonly<Record<string, string>>): Promise<ServerProcess> {
  running = await ServerProcess.start(join(folder, name), join(folder, 'datasets'), env);
  return running;
}

// biome-ignore lint/suspicious/noExplicitAny: answers of every shape
async function call(of: ServerProcess, method: string, path: string, json?: object): Promise<any> {
  const headers = { 'content-type': 'application/json' };
  const init = json === undefined ? { method } : { method, headers, body: JSON.stringify(json) };
  return (await fetch(`${of.url}/api/v1${path}`, init)).json();
}

async function writeAll(pipelines: Readonly<Record<string, object>>): Promise<void> {
  for (const name of ['datasets', 'pipelines']) await mkdir(join(folder, name), { recursive: true });
  for (const [name, text] of Object.entries(PIPELINE_DATASETS)) await writeFile(join(folder, 'datasets', name), text);
  for (const [name, more] of Object.entries(pipelines)) {
    await writeFile(join(folder, 'pipelines', `${name}.json`), JSON.stringify({ name, ...more }));
  }
}

describe.each(['duckdb', 'sqlite'] as const)('copies of a store on %s', (engine) => {
  test('are made by themselves, the newest are kept, and one can be started from', { timeout: 120_000 }, async () => {
    await writeAll({ nightly: { ...BACKUP, schedule: { every: '1s' } } });
    const env = { DB_ENGINE: engine, PIPELINES_DIR: join(folder, 'pipelines') };
    const first = await startProcess('data', env);
    for (const id of [1, 2, 3]) await call(first, 'POST', '/records', item(id));
    const succeeded = async () => {
      const { runs } = await call(first, 'GET', '/pipelines/nightly/runs?limit=100');
      return runs.filter(({ state }: { state: string }) => state === 'succeeded').length;
    };
    // Those that were made before the records were there are among the older ones.
    const before = await succeeded();
    await until(async () => (await succeeded()) >= before + 4, 60_000);
    await call(first, 'POST', '/pipelines/nightly/pause');
    await until(async () => (await call(first, 'GET', '/pipelines/nightly')).last_run.ended_at !== null);
    const kept = await copies();
    expect(kept).toHaveLength(2);
    await first.kill('SIGTERM');

    const copy = join(folder, 'copies', kept.at(-1) ?? '');
    const settings = { ...env, DATA_DIR: join(folder, 'restored'), DATASETS_DIR: join(folder, 'datasets') };
    expect(await forge(['restore', copy], settings)).toMatchObject({ code: 0 });
    const restored = await startProcess('restored', { DB_ENGINE: engine });
    expect(await call(restored, 'GET', '/records/items/count')).toMatchObject({ count: 3 });
  });

  test('are whole although the server is killed while it makes one', { timeout: 120_000 }, async () => {
    await writeAll({ copy: { job: { kind: 'backup', folder: '../copies' } } });
    const env = { DB_ENGINE: engine, PIPELINES_DIR: join(folder, 'pipelines') };
    let now = await startProcess('data', env);
    const rows = Array.from({ length: 20_000 }, (_, id) => ({ id, name: `the name of ${id}` }));
    await call(now, 'POST', '/records/bulk', { schema_name: 'items', data: rows });
    for (let round = 0; round < 3; round++) {
      await call(now, 'POST', '/pipelines/copy/runs');
      await sleep(Math.random() * 150);
      await now.kill('SIGKILL');
      now = await startProcess('data', env);
      const [under] = (await call(now, 'GET', '/pipelines/copy/runs')).runs;
      if (under !== undefined) await call(now, 'GET', `/runs/${under.id}?wait_ms=30000`);
    }
    const last = await call(now, 'POST', '/pipelines/copy/runs?wait_ms=30000');
    expect(last).toMatchObject({ state: 'succeeded' });
    const { runs } = await call(now, 'GET', '/pipelines/copy/runs');
    for (const { state } of runs) expect(['succeeded', 'died']).toContain(state);
    await now.kill('SIGTERM');
    for (const name of await copies()) {
      expect(name).toMatch(/\.backup$/);
      const settings = { ...env, DATA_DIR: join(folder, name), DATASETS_DIR: join(folder, 'datasets') };
      expect(await forge(['restore', join(folder, 'copies', name)], settings), name).toMatchObject({ code: 0 });
    }
  });
});

describeOnRedis('a queue in Redis, and no runs at the server', (redis) => {
  test('has the server do jobs nevertheless', { timeout: 60_000 }, async () => {
    await writeAll({ well: { job: { kind: 'check' } } });
    const now = await startProcess('data', {
      PIPELINES_DIR: join(folder, 'pipelines'),
      TASK_QUEUE: 'redis',
      REDIS_URL: redis().url,
      PIPELINE_RUNS: '0',
    });
    const run = await call(now, 'POST', '/pipelines/well/runs?wait_ms=30000');
    expect(run).toMatchObject({ state: 'succeeded' });
    const { data } = await call(now, 'GET', `/records/forge_runs/by-key?run_id=${run.id}`);
    expect(data.instance).toContain(` ${now.pid} `);
  });
});
