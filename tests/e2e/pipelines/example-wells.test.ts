import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EXAMPLES_DIR } from '#config';
import type { TestServer } from '../rest/support/server.ts';
import { runToEnd, startPipelineServer } from './support/pipeline-server.ts';

interface WellService {
  readonly url: string;
  close(): Promise<void>;
}

let folder: string;
let service: WellService;
let server: TestServer | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-forge-pipelines-'));
  const { startWellService } = await import(String(pathToFileURL(join(EXAMPLES_DIR, 'odata-service', 'server.mjs'))));
  service = await startWellService({ port: 0, every: 400 });
});

afterEach(async () => {
  await server?.close();
  server = undefined;
  await service.close();
  await rm(folder, { recursive: true, force: true });
});

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
  const file = await readFile(join(EXAMPLES_DIR, 'pipelines', 'well_production.yaml'), 'utf8');
  const dataset = await readFile(join(EXAMPLES_DIR, 'datasets', 'well_production.yaml'), 'utf8');
  const pipelines = { 'wells.yaml': file.replace('http://127.0.0.1:8085/odata', service.url) };
  server = await startPipelineServer('memory', folder, pipelines, { files: { 'well_production.yaml': dataset } });
  const first = await runToEnd(server, 'well_production');
  expect(first).toMatchObject({ error: null, state: 'succeeded', rejected: 0 });
  const before = await monthsOf();
  expect(before).toBeGreaterThanOrEqual(12);
  await expect
    .poll(async () => (await runToEnd(server as TestServer, 'well_production')).created, { timeout: 10_000 })
    .toBeGreaterThan(0);
  expect(await monthsOf()).toBeGreaterThan(before);
});
