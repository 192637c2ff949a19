import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Agent, fetch as undiciFetch } from 'undici';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeCertificate } from '../../support/certificate.ts';
import { describeOnRedis } from '../../support/redis-server.ts';
import { ServerProcess } from '../../support/server-process.ts';
import { TraceCollector } from '../../support/trace-collector.ts';
import { until } from '../../support/until.ts';
import { WorkerProcess } from '../../support/worker-process.ts';
import { PIPELINE_DATASETS } from './support/pipeline-server.ts';
import { ndjson, RowSource, rowsFrom } from './support/row-source.ts';

const CLI = fileURLToPath(new URL('../../../src/presentation/cli/main.ts', import.meta.url));
const PAGES = 40;
const PAGE = 50;

describeOnRedis('workers on other machines', (redis) => {
  let folder: string;
  let source: RowSource;
  let server: ServerProcess;
  let workers: WorkerProcess[];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'data-forge-workers-'));
    for (const name of ['datasets', 'pipelines']) await mkdir(join(folder, name));
    for (const [name, text] of Object.entries(PIPELINE_DATASETS)) await writeFile(join(folder, 'datasets', name), text);
    workers = [];
    source = await RowSource.start(async ({ url }, response) => {
      await sleep(20);
      const page = Number(url.searchParams.get('page'));
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      response.end(page > PAGES ? '' : ndjson(rowsFrom((page - 1) * PAGE, page * PAGE)));
    });
  });
  afterEach(async () => {
    for (const worker of workers) await worker.kill('SIGTERM');
    await server?.kill('SIGTERM');
    await source.close();
    await rm(folder, { recursive: true, force: true });
  });

  const describePipeline = (more: object) =>
    writeFile(
      join(folder, 'pipelines', 'rows.json'),
      JSON.stringify({
        name: 'rows',
        source: { kind: 'rest', url: source.url, paging: { kind: 'page' } },
        target: { dataset: 'log' },
        ...more,
      }),
    );

  const startAll = async (count: number, more: Readonly<Record<string, string>> = {}) => {
    const settings = {
      ...more,
      PIPELINES_DIR: join(folder, 'pipelines'),
      PIPELINE_BATCH: '2KB',
      TASK_QUEUE: 'redis',
      REDIS_URL: redis().url,
    };
    server = await ServerProcess.start(join(folder, 'data'), join(folder, 'datasets'), {
      ...settings,
      PIPELINE_RUNS: '0',
    });
    for (let worker = 0; worker < count; worker++) startWorker(settings);
    return settings;
  };

  function startWorker(settings: Readonly<Record<string, string>>, url = server.url): WorkerProcess {
    const { PIPELINES_DIR: _, ...env } = settings;
    const worker = new WorkerProcess(url, env);
    workers.push(worker);
    return worker;
  }

  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape
  const call = async (method: string, path: string): Promise<any> =>
    (await fetch(`${server.url}/api/v1${path}`, { method })).json();

  // biome-ignore lint/suspicious/noExplicitAny: records of every shape
  const recordOf = async (run: string): Promise<any> =>
    (await call('GET', `/records/forge_runs/by-key?run_id=${run}`)).data;

  const idsStored = async () => {
    const text = await (await fetch(`${server.url}/api/v1/records/log/stream?shape=flat`)).text();
    return text
      .trim()
      .split('\n')
      .map((line) => Number(JSON.parse(line).id));
  };

  test('a run waits for a worker, which fetches for the server', { timeout: 60_000 }, async () => {
    await describePipeline({ transform: 'SELECT id, upper(name) AS name FROM batch' });
    const settings = await startAll(0);
    const waiting = await call('POST', '/pipelines/rows/runs?wait_ms=300');
    expect(waiting).toMatchObject({ state: 'waiting', ended_at: null });
    const worker = startWorker(settings);
    const run = await call('GET', `/runs/${waiting.id}?wait_ms=40000`);
    expect(run).toMatchObject({ state: 'succeeded', created: PAGES * PAGE, error: null });
    expect(run.log.map(({ message }: { message: string }) => message)).toContain('begun');
    expect(new Set(await idsStored()).size).toBe(PAGES * PAGE);
    const { data } = (await call('GET', '/records/log?size=1')) as { data: { items: { data: { name: string } }[] } };
    expect(data.items[0]?.data.name).toMatch(/^ROW \d+$/);
    await until(() => worker.output.includes('a run has ended'));
    const record = await recordOf(run.id);
    expect(record).toMatchObject({
      state: 'succeeded',
      rows_created: PAGES * PAGE,
      engine: 'duckdb',
      instance: expect.stringContaining(` ${worker.pid} `),
      settings: expect.objectContaining({ source: 'rest', transform: 'sql', pipeline_batch: 2000 }),
    });
    for (const figure of ['source_ms', 'transform_ms', 'write_ms', 'peak_memory_bytes']) {
      expect(record[figure], figure).toBeGreaterThan(0);
    }
  });

  test.each(['flight', 'json'])(
    'what one that is killed had begun another goes on with over %s: every row once',
    {
      timeout: 120_000,
    },
    async (DATA_TRANSFER) => {
      await describePipeline({});
      const settings = { ...(await startAll(0)), DATA_TRANSFER };
      startWorker(settings);
      const { id } = await call('POST', '/pipelines/rows/runs');
      await until(async () => (await call('GET', `/runs/${id}`)).created > PAGE, 30_000);
      const [worker] = workers.splice(0) as [WorkerProcess];
      await worker.kill('SIGKILL');
      const { pid } = startWorker(settings);
      const run = await call('GET', `/runs/${id}?wait_ms=90000`);
      expect(run).toMatchObject({ state: 'succeeded', created: PAGES * PAGE });
      expect(await recordOf(id)).toMatchObject({
        state: 'succeeded',
        rows_created: PAGES * PAGE,
        batches: run.progress.batches,
        instance: expect.stringContaining(` ${pid} `),
      });
      const ids = await idsStored();
      expect(ids).toHaveLength(PAGES * PAGE);
      expect(new Set(ids).size).toBe(PAGES * PAGE);
    },
  );

  test.each(['flight', 'json'])(
    'one has the server compute an analysis, and sends the rows back over %s',
    { timeout: 60_000 },
    async (DATA_TRANSFER) => {
      const measures = [{ function: 'count', as: 'id' }];
      await describePipeline({
        source: { kind: 'analysis', dataset: 'items', operation: 'group', parameters: { measures } },
        target: { dataset: 'log', mode: 'replace' },
      });
      await startAll(1, { DATA_TRANSFER });
      const data = [{ id: 1 }, { id: 2 }, { id: 3 }];
      await fetch(`${server.url}/api/v1/records/bulk`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ schema_name: 'items', data }),
      });
      const run = await call('POST', '/pipelines/rows/runs?wait_ms=40000');
      expect(run).toMatchObject({ state: 'succeeded', created: 1, error: null });
      expect(await idsStored()).toEqual([3]);
      expect((await recordOf(run.id)).instance).toContain(` ${workers[0]?.pid} `);
      const again = await call('POST', '/pipelines/rows/runs?wait_ms=40000');
      expect(again).toMatchObject({ state: 'succeeded', created: 0, deleted: 0 });
      expect(await idsStored()).toEqual([3]);
    },
  );

  test('one leaves jobs about the store to the server', { timeout: 60_000 }, async () => {
    const job = { kind: 'backup', folder: '../copies' };
    await writeFile(join(folder, 'pipelines', 'copy.json'), JSON.stringify({ name: 'copy', job }));
    await startAll(1);
    const runs = [];
    for (let round = 0; round < 5; round++) runs.push(await call('POST', '/pipelines/copy/runs?wait_ms=40000'));
    for (const run of runs) {
      expect(run).toMatchObject({ state: 'succeeded', error: null });
      expect((await recordOf(run.id)).instance).toContain(` ${server.pid} `);
    }
  });

  test('one reads a window of a pipeline, and the cursor on the server stays', { timeout: 120_000 }, async () => {
    await describePipeline({
      source: { kind: 'rest', url: source.url, paging: { kind: 'page' }, incremental: { field: 'id', start: '500' } },
      target: { dataset: 'items', mode: 'upsert' },
    });
    await startAll(1);
    const response = await fetch(`${server.url}/api/v1/pipelines/rows/backfills?wait_ms=60000`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ from: '100', to: '300' }),
    });
    expect(await response.json()).toMatchObject({
      state: 'succeeded',
      created: 200,
      backfill: { from: '100', to: '300' },
    });
    expect(await call('POST', '/pipelines/rows/runs?wait_ms=60000')).toMatchObject({ created: PAGES * PAGE - 200 });
  });

  test('who wants to know is told by a worker how runs end', { timeout: 120_000 }, async () => {
    const alerts = await RowSource.start((_request, response) => response.end());
    try {
      const answer = source.answer;
      const fail: typeof answer = (_request, response) => response.writeHead(400).end();
      source.answer = fail;
      await describePipeline({ alerts: { webhook: alerts.url } });
      await startAll(1);
      const run = async () => (await call('POST', '/pipelines/rows/runs?wait_ms=60000')).state;
      expect(await run()).toBe('failed');
      source.answer = (_request, response) => new Promise((resolve) => response.once('close', resolve));
      const { id } = await call('POST', '/pipelines/rows/runs');
      await until(async () => (await call('GET', `/runs/${id}`)).state === 'running', 30_000);
      expect((await call('DELETE', `/runs/${id}`)).state).toBe('cancelled');
      source.answer = answer;
      expect(await run()).toBe('succeeded');
      expect(await run()).toBe('succeeded');
      source.answer = fail;
      expect(await run()).toBe('failed');
      await until(() => alerts.requests.length >= 3);
      expect(alerts.requests.map(({ body }) => JSON.parse(body))).toEqual([
        expect.objectContaining({ event: 'failed', pipeline: 'rows', state: 'failed' }),
        expect.objectContaining({ event: 'recovered', dataset: 'log', state: 'succeeded' }),
        expect.objectContaining({ event: 'failed' }),
      ]);
    } finally {
      await alerts.close();
    }
  });

  test('one that is told to stop gives back what it has begun', { timeout: 120_000 }, async () => {
    await describePipeline({});
    const settings = await startAll(1);
    const { id } = await call('POST', '/pipelines/rows/runs');
    await until(async () => (await call('GET', `/runs/${id}`)).created > PAGE, 30_000);
    const [worker] = workers.splice(0) as [WorkerProcess];
    const stopping = worker.kill('SIGTERM');
    startWorker(settings);
    await stopping;
    expect(await call('GET', `/runs/${id}?wait_ms=60000`)).toMatchObject({ state: 'succeeded', created: PAGES * PAGE });
    expect(await idsStored()).toHaveLength(PAGES * PAGE);
  });

  test.each([
    ['flight', 'DoPut'],
    ['json', 'PUT /api/v1/worker/pipelines/:name/batches/:number'],
  ])(
    'over %s what the server does for a worker is a part of the trace of its run',
    { timeout: 60_000 },
    async (DATA_TRANSFER, name) => {
      const collector = await TraceCollector.start();
      try {
        await describePipeline({});
        await startAll(1, { DATA_TRANSFER, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
        const run = await call('POST', '/pipelines/rows/runs?wait_ms=40000');
        expect(run).toMatchObject({ state: 'succeeded' });
        for (const worker of workers.splice(0)) await worker.kill('SIGTERM');
        await server.kill('SIGTERM');
        const writes = new Map(collector.named('pipeline write').map((span) => [span.spanId, span]));
        const stored = collector.named(name);
        expect(writes.size).toBeGreaterThan(1);
        expect(stored.length).toBeGreaterThanOrEqual(writes.size);
        for (const { parentId, traceId } of stored) expect(writes.get(parentId)?.traceId).toBe(traceId);
      } finally {
        await collector.close();
      }
    },
  );

  test('one calls a server over TLS with its token, whose rows travel over TLS as well', {
    timeout: 60_000,
  }, async () => {
    await describePipeline({});
    const { cert, key, pem } = await writeCertificate(folder, 'localhost');
    const token = '4f0c9a6e2b71d8f3';
    const settings = await startAll(0, {
      TLS_CERT: cert,
      TLS_KEY: key,
      FLIGHT_TLS_CERT: cert,
      FLIGHT_TLS_KEY: key,
      API_TOKENS: `worker:${token}:write`,
    });
    const url = server.url.replace('127.0.0.1', 'localhost');
    const dispatcher = new Agent({ connect: { ca: pem } });
    const headers = { authorization: `Bearer ${token}` };
    const path = '/api/v1/pipelines/rows/runs?wait_ms=40000';
    const asked = undiciFetch(`${url}${path}`, { method: 'POST', headers, dispatcher });
    startWorker({ ...settings, FORGE_TOKEN: token, NODE_EXTRA_CA_CERTS: cert }, url);
    expect(await (await asked).json()).toMatchObject({ state: 'succeeded', created: PAGES * PAGE, error: null });
    await dispatcher.close();
  });

  test('a worker without an address says so', async () => {
    const child = spawn(process.execPath, [CLI, 'worker'], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk;
    });
    const code = await new Promise((resolve) => child.once('exit', resolve));
    expect(code).not.toBe(0);
    expect(said).toContain('forge worker --server');
  });
});
