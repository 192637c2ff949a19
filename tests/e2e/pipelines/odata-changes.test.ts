import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TrackedOData } from '../../support/tracked-odata.ts';
import type { TestServer } from '../rest/support/server.ts';
import { runToEnd, startPipelineServer } from './support/pipeline-server.ts';

const PROPERTIES =
  '<Property Name="name" Type="Edm.String"/><Property Name="price" Type="Edm.Decimal" Precision="38" Scale="4"/>' +
  '<Property Name="place" Type="S.Place"/>';
const DATASET =
  'name: things\nprimary_key: [id]\nproperties:\n  - {name: id, type: integer}\n  - {name: name, type: string}\n' +
  '  - {name: price, type: number, db_type: "DECIMAL(38,4)"}\n  - {name: place_city, type: string}\n' +
  '  - {name: place_height, type: number, db_type: "DECIMAL(20,2)"}\n  - {name: gone, type: boolean}\n';

let folder: string;
let service: TrackedOData;
let server: TestServer | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-forge-pipelines-'));
  service = new TrackedOData({ pageSize: 3, properties: PROPERTIES });
  await service.start();
});

afterEach(async () => {
  await server?.close();
  server = undefined;
  await service.close();
  await rm(folder, { recursive: true, force: true });
});

async function start(source: object, target: object = { mode: 'upsert' }): Promise<TestServer> {
  const file = JSON.stringify({
    name: 'things',
    source: { kind: 'odata', url: service.url, entity: 'Things', ...source },
    target: { dataset: 'things', ...target },
    retry: { wait: '1ms', most: '5ms' },
  });
  const env = { FORGE_SECRET_KEY: 'k3y', PIPELINE_BATCH: '200' };
  server = await startPipelineServer(
    'memory',
    folder,
    { 'things.json': file },
    { env, files: { 'things.yaml': DATASET } },
  );
  return server;
}

const thing = (id: number, name = `thing ${id}`) => ({
  id,
  name,
  price: '12345678901234567890.1200',
  place: id % 2 === 0 ? { city: `city ${id}`, height: '1.50' } : null,
});
const things = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => thing(from + at));

// biome-ignore lint/suspicious/noExplicitAny: tests look into rows of every shape
async function stored(): Promise<any[]> {
  const text = (await server?.get('/records/things/stream?shape=flat'))?.text ?? '';
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line)).sort((a, b) => a.id - b.id);
}

test('members of complex properties become columns, and decimals keep all of their digits', async () => {
  service.put(...things(1, 2));
  const app = await start({});
  expect(await runToEnd(app, 'things')).toMatchObject({ error: null, created: 2 });
  expect((await app.get('/records/things/stream?shape=flat')).text).toContain('"price":12345678901234567890.1200');
  expect(await stored()).toMatchObject([
    { id: 1, place_city: null, place_height: null },
    { id: 2, place_city: 'city 2', place_height: 1.5 },
  ]);
});

describe.each(['4.0', '4.01'] as const)('OData %s', (version) => {
  beforeEach(async () => {
    await service.close();
    service = new TrackedOData({ pageSize: 3, properties: PROPERTIES, version });
    await service.start();
  });

  test('only what has changed is fetched again, and what was removed is marked', async () => {
    service.put(...things(1, 8));
    const app = await start({ delta: { removed_field: 'gone' } });
    expect(await runToEnd(app, 'things')).toMatchObject({ error: null, created: 8 });
    expect(await runToEnd(app, 'things')).toMatchObject({ error: null, created: 0, updated: 0 });
    service.put(thing(2, 'two'), ...things(9, 12));
    service.remove(5);
    expect(await runToEnd(app, 'things')).toMatchObject({ error: null, created: 4, updated: 2 });
    const rows = await stored();
    expect(rows).toHaveLength(12);
    expect(rows[1]).toMatchObject({ id: 2, name: 'two', gone: false });
    expect(rows[4]).toMatchObject({ id: 5, name: null, gone: true });
  });

  test('what was removed stays where nothing is to mark it, and the run says so', async () => {
    service.put(...things(1, 4));
    const app = await start({ delta: {} });
    await runToEnd(app, 'things');
    service.remove(1);
    const run = await runToEnd(app, 'things');
    expect(run).toMatchObject({ error: null, created: 0, updated: 0 });
    expect(JSON.stringify(run.log)).toContain('1 entities were removed');
    expect(await stored()).toHaveLength(4);
  });
});

test('a run that breaks off among changes goes on with the rest of them', async () => {
  service.put(...things(1, 3));
  const app = await start({ delta: {} }, { mode: 'upsert' });
  await runToEnd(app, 'things');
  service.put(...things(4, 20));
  let answers = 0;
  service.interrupt = (_request, response) => {
    if (++answers % 3 !== 0) return false;
    response.writeHead(503).end();
    return true;
  };
  expect(await runToEnd(app, 'things')).toMatchObject({ error: null, created: 17, updated: 0 });
  expect(await runToEnd(app, 'things')).toMatchObject({ created: 0 });
});

test('a delta link that the service has forgotten', async () => {
  service.put(...things(1, 4));
  const app = await start({ delta: {} });
  await runToEnd(app, 'things');
  service.forgetChanges();
  service.put(thing(5));
  expect(await runToEnd(app, 'things')).toMatchObject({
    state: 'failed',
    error: { message: expect.stringContaining('expired: restart') },
  });
  await app.close();
  await service.close();
  service = new TrackedOData({ pageSize: 3, properties: PROPERTIES });
  await service.start();
  service.put(...things(1, 4));
  const other = await start({ delta: { expired: 'restart' } });
  await runToEnd(other, 'things');
  service.forgetChanges();
  service.put(thing(5));
  expect(await runToEnd(other, 'things')).toMatchObject({ state: 'succeeded', created: 1 });
  expect(await runToEnd(other, 'things')).toMatchObject({ state: 'succeeded', created: 0 });
});

test('a changed entity that lacks some of its properties empties no record', async () => {
  service.put(...things(1, 2));
  const app = await start({ delta: {} });
  await runToEnd(app, 'things');
  service.put({ id: 1, name: 'one' });
  expect(await runToEnd(app, 'things')).toMatchObject({
    state: 'failed',
    error: { code: 'source_failed', message: expect.stringContaining('without its price') },
  });
  expect((await stored())[0]).toMatchObject({ name: 'thing 1' });
});

test('a service that keeps no track of changes is told from one that does, before its rows come twice', async () => {
  service.put(...things(1, 4));
  service.interrupt = (request) => {
    request.headers.prefer = '';
    return false;
  };
  const app = await start({ delta: {} }, { mode: 'append' });
  for (const created of [4, 0]) {
    expect(await runToEnd(app, 'things')).toMatchObject({
      state: 'failed',
      created,
      error: { message: expect.stringContaining('no delta link') },
    });
  }
});

test('rows of a changed schema are refused, and all of them are there once when it is mended', async () => {
  service.put(...things(1, 5), { ...thing(6), extra: 1 }, ...things(7, 9));
  const app = await start({}, { mode: 'append' });
  const failed = await runToEnd(app, 'things');
  expect(failed).toMatchObject({ state: 'failed', error: { message: expect.stringContaining('extra') } });
  service.put(thing(6));
  expect(await runToEnd(app, 'things')).toMatchObject({ error: null, state: 'succeeded' });
  expect((await stored()).map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('a key in the address goes with every page, and is not kept with the place', async () => {
  service.put(...things(1, 9));
  service.interrupt = ({ url }, response) => {
    if (url.searchParams.get('key') === 'k3y' && url.searchParams.get('$skiptoken') !== '6') return false;
    response.writeHead(400).end();
    return true;
  };
  const app = await start({ auth: { kind: 'api_key', key: { secret: 'KEY' }, param: 'key' } });
  expect(await runToEnd(app, 'things')).toMatchObject({ state: 'failed', error: { code: 'source_failed' } });
  service.interrupt = ({ url }, response) => {
    if (url.searchParams.get('key') === 'k3y') return false;
    response.writeHead(400).end();
    return true;
  };
  const run = await runToEnd(app, 'things');
  expect(run).toMatchObject({ error: null, state: 'succeeded' });
  expect(await stored()).toHaveLength(9);
  expect(service.requests.every(({ url }) => url.search.split('key=').length === 2)).toBe(true);
});

test('a service without $metadata is read as it comes', async () => {
  service.put(...things(1, 4).map(({ id, name }) => ({ id, name, price: 1.5 })));
  service.interrupt = ({ url }, response) => {
    if (!url.pathname.endsWith('$metadata')) return false;
    response.writeHead(404).end();
    return true;
  };
  const app = await start({});
  const run = await runToEnd(app, 'things');
  expect(run).toMatchObject({ error: null, created: 4 });
  expect(JSON.stringify(run.log)).toContain('gives no $metadata (404)');
});
