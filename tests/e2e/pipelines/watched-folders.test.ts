import { appendFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, POSTGRES_MISSING } from '../../support/postgres-database.ts';
import { ServerProcess } from '../../support/server-process.ts';
import { until } from '../../support/until.ts';
import { PIPELINE_DATASETS } from './support/pipeline-server.ts';

let folder: string;
let servers: ServerProcess[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-forge-watched-'));
  await mkdir(join(folder, 'datasets'));
  await mkdir(join(folder, 'pipelines'));
  for (const [name, text] of Object.entries(PIPELINE_DATASETS)) await writeFile(join(folder, 'datasets', name), text);
  servers = [];
  await pipeline({});
});

afterEach(async () => {
  for (const server of servers) await server.kill('SIGTERM');
  await rm(folder, { recursive: true, force: true });
});

function pipeline(more: object): Promise<void> {
  const source = { kind: 'files', path: join(folder, 'inbox', '*.csv') };
  const file = { name: 'inbox', source, target: { dataset: 'log' }, schedule: { on_files: '700ms' }, ...more };
  return writeFile(join(folder, 'pipelines', 'inbox.json'), JSON.stringify(file));
}

async function start(env: Readonly<Record<string, string>> = { DB_ENGINE: 'sqlite' }): Promise<ServerProcess> {
  const server = await ServerProcess.start(
    join(folder, `data-${servers.length && env.DATABASE_URL ? servers.length : ''}`),
    join(folder, 'datasets'),
    {
      PIPELINES_DIR: join(folder, 'pipelines'),
      ...env,
    },
  );
  servers.push(server);
  return server;
}

function csv(...ids: number[]): string {
  return `id,name\n${ids.map((id) => `${id},row ${id}\n`).join('')}`;
}

async function idsOf({ url }: ServerProcess): Promise<number[]> {
  const text = await (await fetch(`${url}/api/v1/records/log/stream?shape=flat`)).text();
  const lines = text.trim().split('\n');
  return lines.flatMap((line) => (line === '' ? [] : [Number(JSON.parse(line).id)])).toSorted((a, b) => a - b);
}

const holds = (server: ServerProcess, ids: readonly number[]) =>
  until(async () => JSON.stringify(await idsOf(server)) === JSON.stringify(ids), 20_000);

// biome-ignore lint/suspicious/noExplicitAny: runs of every shape
async function runsOf({ url }: ServerProcess): Promise<any[]> {
  const answer = await fetch(`${url}/api/v1/pipelines/inbox/runs?limit=100`);
  // biome-ignore lint/suspicious/noExplicitAny: runs of every shape
  return ((await answer.json()) as { runs: any[] }).runs;
}

test('files are read as they come, in a folder that was not there before, and after a restart', {
  timeout: 60_000,
}, async () => {
  let server = await start();
  await sleep(1500);
  expect(await runsOf(server)).toEqual([]);
  await mkdir(join(folder, 'inbox'));
  await writeFile(join(folder, 'inbox', 'a.csv'), csv(1, 2));
  await holds(server, [1, 2]);
  // An old file that gets its name now.
  await writeFile(join(folder, 'b.part'), csv(3));
  await sleep(1000);
  await rename(join(folder, 'b.part'), join(folder, 'inbox', 'b.csv'));
  await holds(server, [1, 2, 3]);
  await server.kill('SIGKILL');
  await writeFile(join(folder, 'inbox', 'c.csv'), csv(4));
  await rm(join(folder, 'inbox', 'a.csv'));
  server = await start();
  await holds(server, [1, 2, 3, 4]);
  // The rows are there before the run has ended.
  await until(async () => (await runsOf(server)).every(({ ended_at }) => ended_at !== null));
  const runs = await runsOf(server);
  await sleep(2500);
  expect(await runsOf(server)).toEqual(runs);
  expect(runs.map(({ caller, started_by }) => [caller, started_by])).toEqual(runs.map(() => ['schedule', 'schedule']));
});

test('whoever asks for a run has fresh files read, whatever the token is called', { timeout: 60_000 }, async () => {
  await pipeline({ schedule: { on_files: '1h' } });
  await mkdir(join(folder, 'inbox'));
  const token = '4f0c9a6e2b71d8f3';
  const { url } = await start({ DB_ENGINE: 'sqlite', API_TOKENS: `schedule:${token}:write` });
  await writeFile(join(folder, 'inbox', 'fresh.csv'), csv(1, 2));
  const headers = { authorization: `Bearer ${token}` };
  const asked = await fetch(`${url}/api/v1/pipelines/inbox/runs?wait_ms=30000`, { method: 'POST', headers });
  expect(await asked.json()).toMatchObject({
    caller: 'schedule',
    started_by: 'request',
    state: 'succeeded',
    created: 2,
  });
});

test('what is there at the first start is read, and a file that is still written to waits until it is left alone', {
  timeout: 60_000,
}, async () => {
  await mkdir(join(folder, 'inbox'));
  await writeFile(join(folder, 'inbox', 'ready.csv'), csv(1));
  await sleep(800);
  const server = await start();
  const file = join(folder, 'inbox', 'slow.csv');
  await writeFile(file, 'id,name\n');
  for (let id = 10; id < 30; id++) {
    await appendFile(file, `${id},row ${id}\n`);
    await sleep(100);
  }
  await holds(server, [1, ...Array.from({ length: 20 }, (_, index) => index + 10)]);
  // Each was read once: the target has no key that would hide a second time.
  const created = (await runsOf(server)).map((run) => run.created);
  expect(created.toSorted((a, b) => a - b)).toEqual([1, 20]);
});

test.skipIf(POSTGRES_MISSING !== null)(
  `two instances on one database read each file once${POSTGRES_MISSING === null ? '' : ` (left out: ${POSTGRES_MISSING})`}`,
  { timeout: 60_000 },
  async () => {
    const database = await createTestDatabase();
    try {
      const settings = { DB_ENGINE: 'postgres', DATABASE_URL: database.url };
      await mkdir(join(folder, 'inbox'));
      const [one, two] = [await start(settings), await start(settings)];
      for (let id = 1; id <= 5; id++) {
        await writeFile(join(folder, 'inbox', `${id}.csv`), csv(id));
        await sleep(400);
      }
      await holds(one, [1, 2, 3, 4, 5]);
      await sleep(2500);
      expect(await idsOf(two)).toEqual([1, 2, 3, 4, 5]);
      for (const server of servers.splice(0)) await server.kill('SIGTERM');
    } finally {
      await database.dispose();
    }
  },
);

test('a source that has no files is told so where it stands', { timeout: 20_000 }, async () => {
  await pipeline({ source: { kind: 'rest', url: 'http://127.0.0.1:9/' } });
  await expect(start()).rejects.toThrow(
    'schedule.on_files waits for files, and the source is of kind rest; it may be files',
  );
});
