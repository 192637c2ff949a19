import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createTestDatabase, describeLeftOut, POSTGRES_MISSING } from '../../support/postgres-database.ts';
import { describeOnRedis } from '../../support/redis-server.ts';
import { ServerProcess } from '../../support/server-process.ts';
import { until } from '../../support/until.ts';
import { PIPELINE_DATASETS } from './support/pipeline-server.ts';
import { RowSource, sendJson } from './support/row-source.ts';

let folder: string;
let source: RowSource;
let servers: ServerProcess[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-forge-schedules-'));
  await mkdir(join(folder, 'datasets'));
  await mkdir(join(folder, 'pipelines'));
  for (const [name, text] of Object.entries(PIPELINE_DATASETS)) await writeFile(join(folder, 'datasets', name), text);
  // Each time it is asked it has one row more.
  let rows = 0;
  source = await RowSource.start((_request, response) => sendJson(response, [{ id: ++rows, name: 'x' }]));
  servers = [];
});
afterEach(async () => {
  for (const server of servers) await server.kill('SIGTERM');
  await source.close();
  await rm(folder, { recursive: true, force: true });
});

async function pipeline(name: string, more: object): Promise<void> {
  const file = { name, source: { kind: 'rest', url: `${source.url}/${name}` }, target: { dataset: 'log' }, ...more };
  await writeFile(join(folder, 'pipelines', `${name}.json`), JSON.stringify(file));
}

async function start(name = 'data', env: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
  const settings = { PIPELINES_DIR: join(folder, 'pipelines'), ...env };
  const server = await ServerProcess.start(join(folder, name), join(folder, 'datasets'), settings);
  servers.push(server);
  return server;
}

// biome-ignore lint/suspicious/noExplicitAny: answers of every shape
async function call(server: ServerProcess, method: string, path: string): Promise<any> {
  return (await fetch(`${server.url}/api/v1${path}`, { method })).json();
}

async function endedRuns(server: ServerProcess, name: string): Promise<readonly { state: string; caller: string }[]> {
  const { runs } = await call(server, 'GET', `/pipelines/${name}/runs?limit=100`);
  return runs.filter(({ ended_at }: { ended_at: string | null }) => ended_at !== null);
}

const asked = (name: string) => source.requests.filter(({ url }) => url.pathname === `/${name}`).length;

test('a schedule runs, can be held over a restart, and goes on', { timeout: 60_000 }, async () => {
  await pipeline('ticks', { schedule: { every: '1s' } });
  let server = await start();
  await until(async () => (await endedRuns(server, 'ticks')).length >= 2);
  expect(await endedRuns(server, 'ticks')).toContainEqual(
    expect.objectContaining({ state: 'succeeded', caller: 'schedule' }),
  );
  const { schedule } = await call(server, 'GET', '/pipelines/ticks');
  expect(schedule).toMatchObject({ kind: 'every', every: 1000, paused: false, next_at: expect.any(String) });

  expect((await call(server, 'POST', '/pipelines/ticks/pause')).schedule).toMatchObject({
    paused: true,
    next_at: null,
  });
  await sleep(300);
  const held = asked('ticks');
  await server.kill('SIGTERM');
  server = await start();
  await sleep(1500);
  expect(asked('ticks')).toBe(held);
  expect((await call(server, 'POST', '/pipelines/ticks/resume')).schedule.paused).toBe(false);
  await until(() => asked('ticks') > held);
});

test('a run follows another, and the changes of a dataset', { timeout: 60_000 }, async () => {
  await pipeline('first', {});
  await pipeline('second', { schedule: { after: 'first' } });
  await pipeline('third', { target: { dataset: 'items', mode: 'upsert' }, schedule: { on_change: 'log' } });
  const server = await start();
  await sleep(500);
  expect([asked('second'), asked('third')]).toEqual([0, 0]);
  await call(server, 'POST', '/pipelines/first/runs?wait_ms=20000');
  await until(async () => (await endedRuns(server, 'second')).length === 1);
  await until(async () => (await endedRuns(server, 'third')).length >= 1);
  await sleep(1000);
  expect(await endedRuns(server, 'second')).toHaveLength(1);
});

test('a schedule that cannot be held says why', async () => {
  await pipeline('by_hand', {});
  const server = await start();
  expect(await call(server, 'POST', '/pipelines/by_hand/pause')).toMatchObject({
    status: 400,
    code: 'invalid_parameter',
    detail: expect.stringContaining('has no schedule'),
  });
});

describeLeftOut();

describe.skipIf(POSTGRES_MISSING !== null)('of several instances on one database', () => {
  const runTogether = async (env: Readonly<Record<string, string>>) => {
    const database = await createTestDatabase();
    try {
      await pipeline('ticks', { schedule: { every: '1s' } });
      const settings = { DB_ENGINE: 'postgres', DATABASE_URL: database.url, ...env };
      const [one, two, three] = await Promise.all(['one', 'two', 'three'].map((name) => start(name, settings)));
      if (one === undefined || two === undefined || three === undefined) throw new Error('three were started');
      await until(async () => (await endedRuns(one, 'ticks')).length >= 3, 30_000);
      await two.kill('SIGKILL');
      await until(async () => (await endedRuns(one, 'ticks')).length >= 7, 30_000);
      const { runs } = await call(three, 'GET', '/pipelines/ticks/runs?limit=100');
      const times = runs.map(({ started_at }: { started_at: string }) => Date.parse(started_at)).sort();
      const seconds = (times.at(-1) - times[0]) / 1000;
      expect(runs.length).toBeLessThanOrEqual(seconds + 2);
      const text = await (await fetch(`${one.url}/api/v1/records/log/stream?shape=flat`)).text();
      const ids = text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).id);
      expect(new Set(ids).size).toBe(ids.length);
      for (const server of servers.splice(0)) await server.kill('SIGTERM');
    } finally {
      await database.dispose();
    }
  };

  test('one begins what is due, each with a queue of its own', { timeout: 120_000 }, () => runTogether({}));

  describeOnRedis('with a queue in Redis', (server) => {
    test('one begins what is due', { timeout: 120_000 }, () =>
      runTogether({ TASK_QUEUE: 'redis', REDIS_URL: server().url }),
    );
  });
});
