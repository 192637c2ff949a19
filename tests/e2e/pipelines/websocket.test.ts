import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BreakingProxy } from '../../support/breaking-proxy.ts';
import { FeedServer } from '../../support/feed-server.ts';
import { until } from '../../support/until.ts';
import { startServer, type TestServer } from '../rest/support/server.ts';
import { runToEnd, startPipelineServer } from './support/pipeline-server.ts';
import { ndjson } from './support/row-source.ts';

let folder: string;
let server: TestServer | undefined;
const closing: (() => unknown)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-forge-pipelines-'));
});

afterEach(async () => {
  await server?.close();
  server = undefined;
  for (const close of closing.splice(0)) await close();
  await rm(folder, { recursive: true, force: true });
});

function pipeline(source: object, rest: object = {}): Record<string, string> {
  const whole = {
    name: 'p',
    source: { kind: 'websocket', ...source },
    target: { dataset: 'log' },
    retry: { attempts: 100, wait: '20ms', most: '100ms' },
    ...rest,
  };
  return { 'p.json': JSON.stringify(whole) };
}

async function feed(): Promise<FeedServer> {
  const started = await FeedServer.start();
  closing.push(() => started.close());
  return started;
}

async function idsOf(dataset: string): Promise<number[]> {
  const { text } = (await server?.get(`/records/${dataset}/stream?shape=flat`)) ?? { text: '' };
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line).id).sort((a, b) => a - b);
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at);
const ENDS = { silence: { after: '3s', means: 'end' } };

test('a server that drops connections at random, repeats messages and goes silent: every row once', async () => {
  const source = await feed();
  const last = 3000;
  source.serve = async ({ socket, said, say }) => {
    let id = Math.max(0, said.since - Math.floor(Math.random() * 5));
    while (id < last && socket.readyState === socket.OPEN) {
      id++;
      say({ id, name: `row ${id}` });
      if (Math.random() < 0.1) say({ id, name: `row ${id}` });
      const chance = Math.random();
      if (chance < 0.002) return socket.terminate();
      if (chance < 0.003) return socket.close(1011, 'something is wrong here');
      if (chance < 0.004) return say('{"id": 12');
      if (chance < 0.005) return;
      if (id % 50 === 0) await sleep(1);
    }
    if (socket.readyState === socket.OPEN) socket.close(1000);
  };
  const files = pipeline({
    url: source.url,
    send: '{"since": {since}}',
    resume: { key: 'id', start: '0' },
    silence: { after: '300ms', means: 'reconnect' },
  });
  server = await startPipelineServer('duckdb', folder, files, { env: { PIPELINE_BATCH: '10KB' } });
  expect(await runToEnd(server, 'p')).toMatchObject({ error: null, state: 'succeeded', created: last });
  expect(await idsOf('log')).toEqual(range(1, last));
  expect(source.asked.length).toBeGreaterThan(1);
});

test('a cut in the middle of a batch stores what came, also where no key can bring it again', async () => {
  const source = await feed();
  let connections = 0;
  source.serve = async ({ socket, say }) => {
    const from = connections++ * 10;
    for (const id of range(from + 1, from + 10)) say({ id });
    if (connections === 3) return socket.close(1000);
    await sleep(50);
    socket.terminate();
  };
  server = await startPipelineServer('duckdb', folder, pipeline({ url: source.url, send: '{}' }));
  expect(await runToEnd(server, 'p')).toMatchObject({ error: null, state: 'succeeded', created: 30, retries: 2 });
  expect(await idsOf('log')).toEqual(range(1, 30));
});

test('a run ends when its time is over, however much comes; the next goes on behind it', async () => {
  const source = await feed();
  source.serve = async ({ socket, said, say }) => {
    for (let id = said.since + 1; socket.readyState === socket.OPEN; id++) {
      say({ id });
      if (id % 10 === 0) await sleep(2);
    }
  };
  const options = { url: source.url, send: '{"since": {since}}', resume: { key: 'id', start: '0' }, for: '1s' };
  server = await startPipelineServer('duckdb', folder, pipeline(options));
  const first = await runToEnd(server, 'p');
  expect(first).toMatchObject({ error: null, state: 'succeeded' });
  const second = await runToEnd(server, 'p');
  expect(second).toMatchObject({ error: null, state: 'succeeded' });
  expect(second.created).toBeGreaterThan(0);
  expect(await idsOf('log')).toEqual(range(1, first.created + second.created));
});

test('a run that is cancelled says so, and what it has stored stands', async () => {
  const source = await feed();
  source.serve = ({ say }) => {
    for (const id of range(1, 10)) say({ id });
  };
  const files = pipeline({ url: source.url, send: '{}' });
  server = await startPipelineServer('duckdb', folder, files, { env: { PIPELINE_BATCH_MS: '200' } });
  const { json } = await server.post('/pipelines/p/runs', undefined);
  await until(async () => (await idsOf('log')).length === 10);
  expect((await server.call('DELETE', `/runs/${json.id}`)).json).toMatchObject({ state: 'cancelled', created: 10 });
});

test('a server that closes for good is not asked again', async () => {
  const source = await feed();
  source.serve = ({ socket }) => socket.close(1008, 'no entry');
  server = await startPipelineServer('duckdb', folder, pipeline({ url: source.url, send: '{}' }));
  const run = await runToEnd(server, 'p');
  expect(run).toMatchObject({ state: 'failed', retries: 0, error: { code: 'source_failed' } });
  expect(run.error.message).toContain('no entry');
});

test("Data Forge's own feed, cut again and again while rows come: every row once, and later ones with the next run", async () => {
  const token = '0123456789abcdef0';
  const other = await startServer('duckdb', {
    files: {
      'orders.yaml': 'name: orders\nproperties:\n  - {name: id, type: integer}\n  - {name: name, type: string}\n',
    },
    env: { API_TOKENS: `writer:${token}:write` },
  });
  closing.push(() => other.close());
  const proxy = await BreakingProxy.start(Number(new URL(other.url).port));
  closing.push(() => proxy.close());
  const insert = async (ids: readonly number[]) => {
    const headers = { 'content-type': 'application/x-ndjson', authorization: `Bearer ${token}` };
    const rows = ids.map((id) => ({ id, name: `row ${id}` }));
    const { status } = await other.call('POST', '/records/orders/bulk', { headers, body: ndjson(rows) });
    expect(status).toBe(201);
  };
  const files = pipeline({
    url: `ws://127.0.0.1:${proxy.port}/ws`,
    auth: { kind: 'bearer', token: { secret: 'token' } },
    send: '{"type": "subscribe", "id": "f", "schema_name": "orders", "since": {since}}',
    only: { path: 'type', is: 'changes' },
    error: { path: 'type', is: 'error' },
    records: 'changes',
    row: 'data',
    resume: { key: 'next', start: '0' },
    ...ENDS,
  });
  await insert(range(1, 2000));
  server = await startPipelineServer('duckdb', folder, files, { env: { FORGE_SECRET_token: token } });
  proxy.breakAfter(50_000);
  const { json } = await server.post('/pipelines/p/runs', undefined);
  for (let at = 1; at <= 10; at++) {
    await insert(range(2000 + (at - 1) * 100 + 1, 2000 + at * 100));
    if (at % 3 === 0) proxy.breakNow();
    await sleep(50);
  }
  const run = (await server.get(`/runs/${json.id}?wait_ms=60000`)).json;
  expect(run).toMatchObject({ error: null, state: 'succeeded', created: 3000 });
  expect(run.retries).toBeGreaterThan(0);
  expect(await idsOf('log')).toEqual(range(1, 3000));
  await insert(range(3001, 3010));
  expect(await runToEnd(server, 'p')).toMatchObject({ error: null, state: 'succeeded', created: 10 });
  expect(await runToEnd(server, 'p')).toMatchObject({ state: 'succeeded', created: 0 });
});
