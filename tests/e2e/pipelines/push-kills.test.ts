import { createHmac } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createTestDatabase, describeLeftOut, POSTGRES_MISSING } from '../../support/postgres-database.ts';
import { ServerProcess } from '../../support/server-process.ts';
import { PIPELINE_DATASETS } from './support/pipeline-server.ts';

const KILLS = 6;
const SENDERS = 16;
const SECRET = 'it is known to two';
const DURABLE = ['duckdb', 'sqlite', ...(POSTGRES_MISSING === null ? (['postgres'] as const) : [])] as const;
const PIPELINE = `name: hooks
source:
  kind: push
  signature: {kind: hmac, secret: {secret: HOOKS}, header: signature}
  event_id: {header: delivery}
target: {dataset: log}
`;

let folder: string;
let database = { url: '', dispose: async () => {} };
const running: ServerProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-forge-push-kills-'));
  for (const name of ['datasets', 'pipelines']) await mkdir(join(folder, name));
  for (const [name, text] of Object.entries(PIPELINE_DATASETS)) await writeFile(join(folder, 'datasets', name), text);
  await writeFile(join(folder, 'pipelines', 'hooks.yaml'), PIPELINE);
});

afterEach(async () => {
  for (const server of running.splice(0)) await server.kill('SIGKILL');
  await database.dispose();
  database = { url: '', dispose: async () => {} };
  await rm(folder, { recursive: true, force: true });
});

async function start(data: string, env: Readonly<Record<string, string>>): Promise<ServerProcess> {
  const settings = { PIPELINES_DIR: join(folder, 'pipelines'), FORGE_SECRET_HOOKS: SECRET, ...env };
  const server = await ServerProcess.start(join(folder, data), join(folder, 'datasets'), settings);
  running.push(server);
  return server;
}

/** Sends an event until it is taken, to whichever server is there. @returns how often it was sent */
async function deliver(id: number, address: () => string): Promise<number> {
  const body = JSON.stringify({ id, name: 'x'.repeat(id % 50) });
  const signature = createHmac('sha256', SECRET).update(body).digest('hex');
  const headers = { 'content-type': 'application/json', signature, delivery: `event ${id}` };
  for (let sent = 1; ; sent++) {
    const answer = await fetch(`${address()}/api/v1/pipelines/hooks/events`, { method: 'POST', body, headers }).catch(
      () => null,
    );
    await answer?.arrayBuffer().catch(() => {});
    if (answer?.ok) return sent;
    if (answer !== null && answer.status < 500) throw new Error(`event ${id} was answered with ${answer.status}`);
    await sleep(10);
  }
}

async function storedIds(server: ServerProcess): Promise<readonly number[]> {
  const text = await (await fetch(`${server.url}/api/v1/records/log/stream?shape=flat`)).text();
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => Number(JSON.parse(line).id));
}

async function createdByRuns(server: ServerProcess): Promise<number> {
  const { runs } = (await (await fetch(`${server.url}/api/v1/pipelines/hooks/runs?limit=100`)).json()) as {
    readonly runs: readonly { readonly created: number; readonly state: string }[];
  };
  expect(runs.every(({ state }) => state === 'succeeded')).toBe(true);
  return runs.reduce((sum, { created }) => sum + created, 0);
}

describeLeftOut();

describe.each(DURABLE)('a server on %s that is killed while events come', (engine) => {
  test('has every event once that a sender repeats until it is taken', { timeout: 120_000 }, async () => {
    if (engine === 'postgres') database = await createTestDatabase();
    const env = { DB_ENGINE: engine, DATABASE_URL: database.url };
    let server = await start('data', env);
    let isOver = false;
    let next = 0;
    let repeats = 0;
    const answered: number[] = [];
    const senders = Array.from({ length: SENDERS }, async () => {
      while (!isOver) {
        const id = next++;
        repeats += (await deliver(id, () => server.url)) - 1;
        answered.push(id);
      }
    });
    for (let kill = 0; kill < KILLS; kill++) {
      await sleep(100 + Math.random() * 400);
      await server.kill('SIGKILL');
      const taken = [...answered];
      server = await start('data', env);
      const stored = new Set(await storedIds(server));
      expect(taken.filter((id) => !stored.has(id))).toEqual([]);
    }
    isOver = true;
    await Promise.all(senders);
    const ids = await storedIds(server);
    expect(ids.toSorted((a, b) => a - b)).toEqual(Array.from({ length: next }, (_, id) => id));
    expect(repeats).toBeGreaterThan(0);
    expect(await createdByRuns(server)).toBe(next);
  });
});

describe.skipIf(POSTGRES_MISSING !== null)('of several instances on one database', () => {
  test('each takes events, and one that is sent to both is stored once', { timeout: 120_000 }, async () => {
    database = await createTestDatabase();
    const env = { DB_ENGINE: 'postgres', DATABASE_URL: database.url };
    const [one, two] = await Promise.all([start('one', env), start('two', env)]);
    const ids = Array.from({ length: 200 }, (_, id) => id);
    await Promise.all(ids.flatMap((id) => [deliver(id, () => one.url), deliver(id, () => two.url)]));
    expect((await storedIds(one)).toSorted((a, b) => a - b)).toEqual(ids);
    expect(await createdByRuns(two)).toBe(ids.length);
  });
});
