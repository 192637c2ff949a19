import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freePort } from '#tests/support/free-port.ts';
import { ServerProcess } from '#tests/support/server-process.ts';
import { TraceCollector } from '#tests/support/trace-collector.ts';

const WELLS = 'name: wells\nproperties:\n  - {name: name, type: string}\n';
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';

let folder: string;
let collector: TraceCollector;
let server: ServerProcess | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-forge-tracing-'));
  await mkdir(join(folder, 'datasets'));
  await writeFile(join(folder, 'datasets', 'wells.yaml'), WELLS);
  collector = await TraceCollector.start();
});

afterEach(async () => {
  await server?.kill('SIGTERM');
  server = undefined;
  await collector.close();
  await rm(folder, { recursive: true, force: true });
});

async function start(settings: Record<string, string>): Promise<ServerProcess> {
  server = await ServerProcess.start(join(folder, 'data'), join(folder, 'datasets'), {
    DB_ENGINE: 'memory',
    OTEL_BSP_SCHEDULE_DELAY: '50',
    ...settings,
  });
  return server;
}

function create({ url }: ServerProcess, body: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${url}/api/v1/records`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

test('a request is a span of the trace of who asked, sent when the server stops at the latest', async () => {
  const running = await start({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=lab%20one',
    OTEL_SERVICE_NAME: 'wells-of-the-lab',
    OTEL_BSP_SCHEDULE_DELAY: '60000',
  });
  const body = { schema_name: 'wells', data: { name: 'A-1' } };
  await create(running, body, { traceparent: `00-${TRACE}-${PARENT}-01` });
  await create(running, { schema_name: 'nothing', data: {} }, { traceparent: 'no trace at all' });
  expect(collector.spans).toEqual([]);
  await running.kill('SIGTERM');
  const [good, bad] = collector.named('POST /api/v1/records');
  expect(good).toMatchObject({ traceId: TRACE, parentId: PARENT, service: 'wells-of-the-lab', failed: false });
  expect(good?.facts).toMatchObject({
    'http.response.status_code': 201,
    'data_forge.dataset': 'wells',
    'data_forge.rows': 1,
    'data_forge.engine_ms': expect.any(Number),
  });
  expect(good?.endedAt).toBeGreaterThan(good?.startedAt ?? 0n);
  expect(bad).toMatchObject({ parentId: '', failed: false });
  expect(bad?.traceId).not.toBe(TRACE);
  expect(bad?.facts).toMatchObject({ 'http.response.status_code': 404, 'error.type': 'unknown_dataset' });
  expect(collector.requests[0]).toMatchObject({ 'x-tenant': 'lab one' });
});

test('a caller that does not keep its trace decides so for its requests', async () => {
  const running = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
  const body = { schema_name: 'wells', data: { name: 'A-1' } };
  await create(running, body, { traceparent: `00-${TRACE}-${PARENT}-00` });
  await create(running, body);
  await running.kill('SIGTERM');
  expect(collector.named('POST /api/v1/records')).toMatchObject([{ parentId: '' }]);
});

test('a collector that does not answer is told of once, and holds up nobody', async () => {
  const running = await start({
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
    OTEL_EXPORTER_OTLP_TIMEOUT: '300',
  });
  for (let index = 0; index < 20; index++) {
    expect((await create(running, { schema_name: 'wells', data: { name: `A-${index}` } })).status).toBe(201);
  }
  await expect.poll(() => running.output, { timeout: 10_000 }).toContain('traces cannot be sent');
  await create(running, { schema_name: 'wells', data: { name: 'B-1' } });
  expect(await running.kill('SIGTERM')).toBe(0);
  expect(running.output.match(/traces cannot be sent/g)).toHaveLength(1);
});

test.each([
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318', 'must be an address like'],
  ['OTEL_EXPORTER_OTLP_HEADERS', 'a=1,secret words', 'header 2 is not'],
  ['OTEL_TRACES_SAMPLER_ARG', '1.5', 'must be a number from 0 to 1'],
])('%s=%s stops the start', async (name, value, message) => {
  await expect(start({ [name]: value })).rejects.toThrow(message);
});

test('a run is a part of the trace of who asked for it, with its source, transform and write for each batch', async () => {
  await mkdir(join(folder, 'pipelines'));
  await mkdir(join(folder, 'inbox'));
  await writeFile(join(folder, 'inbox', 'wells.csv'), 'name\nA-1\nA-2\n');
  const pipeline = {
    name: 'fetch',
    source: { kind: 'files', path: join(folder, 'inbox', '*.csv') },
    transform: "SELECT name || ' of the lab' AS name FROM batch",
    target: { dataset: 'wells' },
  };
  await writeFile(join(folder, 'pipelines', 'fetch.json'), JSON.stringify(pipeline));
  const running = await start({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    PIPELINES_DIR: join(folder, 'pipelines'),
  });
  const headers = { traceparent: `00-${TRACE}-${PARENT}-01` };
  const url = `${running.url}/api/v1/pipelines/fetch/runs?wait_ms=20000`;
  expect(await (await fetch(url, { method: 'POST', headers })).json()).toMatchObject({
    state: 'succeeded',
    created: 2,
  });
  await running.kill('SIGTERM');
  const [run] = collector.named('pipeline run');
  if (run === undefined) throw new Error('there is no span of the run');
  expect(run).toMatchObject({ traceId: TRACE, parentId: PARENT, failed: false });
  expect(run.facts).toMatchObject({
    'data_forge.pipeline': 'fetch',
    'data_forge.state': 'succeeded',
    'data_forge.created': 2,
  });
  const parts = collector.childrenOf(run);
  expect(new Set(parts.map(({ name }) => name))).toEqual(
    new Set(['pipeline source', 'pipeline transform', 'pipeline write']),
  );
  for (const { startedAt, endedAt } of parts) {
    expect(startedAt).toBeGreaterThanOrEqual(run.startedAt);
    expect(endedAt).toBeLessThanOrEqual(run.endedAt);
  }
  const write = parts.find(({ name }) => name === 'pipeline write');
  expect(write?.facts).toMatchObject({ 'data_forge.batch': 1, 'data_forge.write_ms': expect.any(Number) });
});
