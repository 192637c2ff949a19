import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EXAMPLES_DIR } from '#config';
import type { TestServer } from '../rest/support/server.ts';
import { runToEnd, startPipelineServer } from './support/pipeline-server.ts';

interface ExampleService {
  readonly url: string;
  close(): Promise<void>;
}

let top: string;
/** Of the pipeline files. */
let folder: string;
let service: ExampleService | undefined;
let server: TestServer | undefined;

beforeEach(async () => {
  top = await mkdtemp(join(tmpdir(), 'data-forge-pipelines-'));
  folder = top;
});

afterEach(async () => {
  await server?.close();
  server = undefined;
  await service?.close();
  service = undefined;
  await rm(top, { recursive: true, force: true });
});

async function serve(name: string, start: string, every: number): Promise<ExampleService> {
  const script = await import(String(pathToFileURL(join(EXAMPLES_DIR, name, 'server.mjs'))));
  service = await script[start]({ port: 0, every });
  return service as ExampleService;
}

const fileOf = (kind: 'pipelines' | 'datasets', name: string) =>
  readFile(join(EXAMPLES_DIR, kind, `${name}.yaml`), 'utf8');

/** A server with one of the example pipelines; a service is found elsewhere than the file says. */
async function startExample(name: string): Promise<TestServer> {
  const text = (await fileOf('pipelines', name)).replace(/^( *url:) .*$/m, `$1 ${service?.url}`);
  const pipelines = { [`${name}.yaml`]: text };
  server = await startPipelineServer('memory', folder, pipelines, {
    files: { [`${name}.yaml`]: await fileOf('datasets', name) },
  });
  return server;
}

/** Months that there are, each in all wells. */
async function monthsOf(): Promise<number> {
  const { json } = await (server as TestServer).get('/records/well_production/count');
  const { json: page } = await (server as TestServer).get('/records/well_production?size=1000');
  const items: { data: { well_code: number; production_period: string } }[] = page.data.items;
  const wells = new Set(items.map(({ data }) => data.well_code)).size;
  expect(json.count % wells).toBe(0);
  return json.count / wells;
}

test('the example pipeline fetches what its service has, and then each month that comes', async () => {
  await serve('odata-service', 'startWellService', 400);
  server = await startExample('well_production');
  const first = await runToEnd(server, 'well_production');
  expect(first).toMatchObject({ error: null, state: 'succeeded', rejected: 0 });
  const before = await monthsOf();
  expect(before).toBeGreaterThanOrEqual(12);
  await expect
    .poll(async () => (await runToEnd(server as TestServer, 'well_production')).created, { timeout: 10_000 })
    .toBeGreaterThan(0);
  expect(await monthsOf()).toBeGreaterThan(before);
});

test('the example pipeline of earthquakes fetches those of the week page by page, and then each that is reported', async () => {
  await serve('earthquake-service', 'startEarthquakeService', 300);
  const app = await startExample('earthquakes');
  const first = await runToEnd(app, 'earthquakes');
  expect(first).toMatchObject({ error: null, state: 'succeeded', rejected: 0 });
  expect(first.created).toBeGreaterThanOrEqual(1000);
  await expect.poll(async () => (await runToEnd(app, 'earthquakes')).created, { timeout: 10_000 }).toBeGreaterThan(0);
  const window = { from: '2018-02-01', to: '2018-02-02' };
  const { json: day } = await app.post('/pipelines/earthquakes/backfills?wait_ms=30000', window);
  expect(day).toMatchObject({ error: null, state: 'succeeded', created: 0, updated: 0 });
});

test('the service of earthquakes says when nothing has changed', async () => {
  const { url } = await serve('earthquake-service', 'startEarthquakeService', 60_000);
  const first = await fetch(`${url}?limit=10`);
  const [etag, modified] = [first.headers.get('etag'), first.headers.get('last-modified')];
  expect(Date.parse(modified ?? '')).toBe(
    Math.floor(Date.parse(((await first.json()) as { data: { updated: string }[] }).data[9]?.updated ?? '') / 1000) *
      1000,
  );
  expect((await fetch(`${url}?limit=10`, { headers: { 'if-none-match': etag ?? '' } })).status).toBe(304);
  expect((await fetch(`${url}?limit=11`, { headers: { 'if-none-match': etag ?? '' } })).status).toBe(200);
  expect((await fetch(`${url}/elsewhere`)).status).toBe(404);
});

test('the example pipeline of stocks reads the file that is installed, and one that is put beside it', async () => {
  // As it lies in the package: beside the libraries that are installed with it.
  const examples = join(folder, 'examples');
  await symlink(
    fileURLToPath(new URL('../../../node_modules', import.meta.url)),
    join(folder, 'node_modules'),
    'junction',
  );
  folder = join(examples, 'pipelines');
  await mkdir(folder, { recursive: true });
  const app = await startExample('stocks');
  expect(await runToEnd(app, 'stocks')).toMatchObject({ error: null, state: 'succeeded', created: 560, rejected: 0 });
  await mkdir(join(examples, 'inbox'));
  await writeFile(join(examples, 'inbox', 'stocks-2011.csv'), 'symbol,date,price\nMSFT,Jan 1 2011,27.5\n');
  // The watched folder may begin the run before it is asked for here.
  const asked = await runToEnd(app, 'stocks');
  if (asked.code !== 'pipeline_busy') expect(asked).toMatchObject({ error: null, state: 'succeeded' });
  const price = async () => (await app.get(`/records/stocks/by-key?symbol=MSFT&month=2011-01-01`)).json.data?.price;
  await expect.poll(price, { timeout: 10_000 }).toBe(27.5);
  expect((await app.get('/records/stocks/count')).json.count).toBe(561);
});
