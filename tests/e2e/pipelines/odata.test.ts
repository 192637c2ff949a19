import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { odataSource } from '#adapters/sources/odata/odata-source.ts';
import { formatDbType } from '#domain/dataset/db-type.ts';
import { readGroup } from '#domain/file/option-group.ts';
import { type JsonObject, jsonFrom } from '#domain/record/json.ts';
import { systemClock } from '#infrastructure/clock.ts';
import { WebClient } from '#infrastructure/web-client.ts';
import { FAULTS, FaultyProxy } from '../../support/faulty-proxy.ts';
import { ODATA_USER, type ODataServer, startODataServer } from '../../support/odata-server.ts';
import { ENGINES, type EngineName, type TestServer } from '../rest/support/server.ts';
import { runToEnd, startPipelineServer } from './support/pipeline-server.ts';

const PAGE = 100;
const auth = { kind: 'basic', user: ODATA_USER.user, password: { secret: 'PASSWORD' } };

let service: ODataServer;
let proxy: FaultyProxy;
let folder: string;
let server: TestServer | undefined;

beforeAll(async () => {
  service = await startODataServer(PAGE);
});

afterAll(() => service.close());

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-forge-pipelines-'));
  proxy = new FaultyProxy(service.url);
  await proxy.start();
});

afterEach(async () => {
  await server?.close();
  server = undefined;
  await proxy.close();
  await rm(folder, { recursive: true, force: true });
});

/** Starts a server with one pipeline from wells of the service. */
async function start(
  source: object,
  { engine = 'memory', files, target = { dataset: 'log' } }: StartOptions = {},
): Promise<TestServer> {
  const file = JSON.stringify({
    name: 'wells',
    source: { kind: 'odata', url: proxy.url, entity: 'Wells', auth, ...source },
    target,
    retry: { attempts: 20, wait: '1ms', most: '5ms' },
  });
  const env = { FORGE_SECRET_PASSWORD: ODATA_USER.password, PIPELINE_BATCH: '8KB' };
  server = await startPipelineServer(engine, folder, { 'wells.json': file }, { env, ...(files && { files }) });
  return server;
}

interface StartOptions {
  readonly engine?: EngineName;
  readonly files?: Readonly<Record<string, string>>;
  readonly target?: object;
}

const timeOf = (step: number) => new Date(Date.UTC(2024, 0, 1) + step * 1000).toISOString();
const wellsTo = (count: number, step = (id: number) => id) =>
  Array.from({ length: count }, (_, at) => ({ id: at + 1, name: `well ${at + 1}`, at: timeOf(step(at + 1)) }));

// biome-ignore lint/suspicious/noExplicitAny: tests look into rows of every shape
async function rowsOf(dataset: string): Promise<any[]> {
  const text = (await server?.get(`/records/${dataset}/stream?shape=flat`))?.text ?? '';
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line)).sort((a, b) => a.id - b.id);
}

const idsOf = async (dataset: string) => (await rowsOf(dataset)).map(({ id }) => id);
const idsTo = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

const WELL = {
  id: 1,
  name: 'one@home "quoted" }, { \\ ü',
  price: '12345678901.2345',
  at: '2024-01-01T10:20:30.123Z',
  day: '2024-02-29',
  hour: '23:59:59',
  total: '9007199254740993',
  code: '0190a5e4-0000-7000-8000-000000000001',
  open: true,
  rate: 0.1,
  tags: ['a', 'b'],
};

/** The columns that the source tells of, as properties of a dataset file. */
async function describedProperties(options: object): Promise<{ properties: object[]; key: readonly string[] }> {
  const web = new WebClient({ privateAddresses: 'allow' });
  const json = jsonFrom({ url: service.url, entity: 'Wells', auth, ...options }) as JsonObject;
  const read = readGroup(json, odataSource.options, { pointer: '', path: '', faults: [] });
  const described = await odataSource.describe?.(read, {
    cursor: null,
    web,
    folder,
    clock: systemClock,
    secrets: { get: () => ODATA_USER.password, redact: (text) => text },
    batch: { bytes: 1e6, time: 1000 },
    signal: new AbortController().signal,
    caller: 'tests',
    note: () => {},
  });
  await web.close();
  if (!described) throw new Error('nothing is described');
  const properties = described.columns.map(({ name, dbType, nullable }) => ({
    name,
    type: TYPES[dbType.name] ?? 'string',
    db_type: formatDbType(dbType),
    required: !nullable,
  }));
  return { properties, key: described.key };
}

const TYPES: Readonly<Record<string, string>> = {
  BIGINT: 'integer',
  INTEGER: 'integer',
  SMALLINT: 'integer',
  DOUBLE: 'number',
  DECIMAL: 'number',
  BOOLEAN: 'boolean',
  JSON: 'array',
};

test('a dataset made of $metadata takes the rows, every value to its last digit', async () => {
  await service.fill([WELL, { id: 2 }]);
  await service.send('POST', 'Visits', { id: 5, well_id: 1, note: 'dry' });
  const { properties, key } = await describedProperties({ expand: 'visits' });
  const dataset = JSON.stringify({ name: 'wells', primary_key: key, properties });
  expect(key).toEqual(['id']);
  const app = await start(
    { expand: 'visits' },
    { files: { 'wells.json': dataset }, target: { dataset: 'wells', mode: 'upsert' } },
  );
  expect(await runToEnd(app, 'wells')).toMatchObject({ error: null, state: 'succeeded', created: 2 });
  const { text } = await app.get('/records/wells/stream?shape=flat');
  expect(text).toContain('"price":12345678901.2345');
  expect(text).toContain('"total":9007199254740993');
  const [one, two] = await rowsOf('wells');
  expect(one).toMatchObject({
    name: WELL.name,
    at: WELL.at,
    day: WELL.day,
    hour: WELL.hour,
    code: WELL.code,
    open: true,
    rate: 0.1,
    tags: ['a', 'b'],
    visits: [{ id: 5, well_id: 1, note: 'dry' }],
  });
  expect(two).toMatchObject({ id: 2, name: null, price: null, at: null, visits: [] });
  expect(proxy.requests.at(-1)?.headers.accept).toContain('IEEE754Compatible=true');
});

test('only the rows and properties that are chosen, in the order asked for', async () => {
  await service.fill(wellsTo(250));
  const app = await start({
    select: ['id', 'name'],
    filter: "id gt 100 and name ne 'well 200'",
    orderby: 'id desc',
    page_size: 30,
  });
  expect(await runToEnd(app, 'wells')).toMatchObject({ error: null, created: 149 });
  expect(await idsOf('log')).toEqual(idsTo(250).filter((id) => id > 100 && id !== 200));
  const pages = proxy.requests.filter(({ url }) => url.pathname.endsWith('/Wells'));
  expect(pages[0]?.url.searchParams.get('$orderby')).toBe('id desc');
  expect(pages[0]?.headers.prefer).toBe('odata.maxpagesize=30');
});

test('rows that others change while they are read make none of the rest be missed', async () => {
  await service.fill(wellsTo(400));
  let pages = 0;
  proxy.fault = async () => {
    // Behind the first page a row of it moves to the end, and those of the next pages move up by one.
    if (++pages === 1) await service.send('PATCH', 'Wells(7)', { name: 'moved', at: timeOf(9999) });
    return null;
  };
  const app = await start(
    { select: ['id', 'name', 'at'], incremental: { field: 'at' } },
    { files: TIMED, target: TARGET },
  );
  expect(await runToEnd(app, 'wells')).toMatchObject({ error: null, created: 400, updated: 1 });
  expect(await idsOf('timed')).toEqual(idsTo(400));
  expect((await rowsOf('timed'))[6]).toMatchObject({ id: 7, name: 'moved' });
  // Nothing has changed; then one row has, and one has come, with the time of the last.
  expect(await runToEnd(app, 'wells')).toMatchObject({ created: 0, updated: 0, ignored: 0 });
  await service.send('PATCH', 'Wells(9)', { name: 'later', at: timeOf(9999) });
  await service.send('POST', 'Wells', { id: 401, name: 'new', at: timeOf(10_000) });
  expect(await runToEnd(app, 'wells')).toMatchObject({ error: null, created: 1, updated: 1 });
});

const TIMED = {
  'timed.yaml':
    'name: timed\nprimary_key: [id]\nproperties:\n  - {name: id, type: integer}\n  - {name: name, type: string}\n  - {name: at, type: string, db_type: TIMESTAMP}\n',
};
const TARGET = { dataset: 'timed', mode: 'upsert' };

test('rows without a value of the field have no place among the others', async () => {
  await service.fill([...wellsTo(5), { id: 6, name: 'never' }]);
  const app = await start(
    { select: ['id', 'name', 'at'], incremental: { field: 'at', start: timeOf(3) } },
    { files: TIMED, target: TARGET },
  );
  expect(await runToEnd(app, 'wells')).toMatchObject({ error: null, created: 3 });
  expect(await idsOf('timed')).toEqual([3, 4, 5]);
});

test.each([
  [{ incremental: { field: 'nothing' } }, 'no property nothing'],
  [{ incremental: { field: 'at' }, select: ['id'] }, 'name it in select'],
  [{ incremental: { field: 'at' }, orderby: ['id'] }, 'leave orderby out'],
  [{ incremental: { field: 'at' }, delta: {} }, 'leave one of them out'],
])('%j cannot be had', async (source, message) => {
  const app = await start(source);
  expect(await runToEnd(app, 'wells')).toMatchObject({
    state: 'failed',
    error: { code: 'invalid_configuration', message: expect.stringContaining(message) },
  });
});

test('what is no entity set, and who may not ask', async () => {
  const app = await start({ entity: 'Nothing' });
  expect(await runToEnd(app, 'wells')).toMatchObject({ state: 'failed', retries: 0, error: { code: 'source_failed' } });
  await app.close();
  const other = await start({ auth: { ...auth, user: 'nobody' } });
  expect(await runToEnd(other, 'wells')).toMatchObject({
    state: 'failed',
    retries: 0,
    error: { code: 'source_failed' },
  });
});

describe.each(ENGINES)('on %s', (engine) => {
  test.each([
    ['page by page', {}],
    ['incrementally', { incremental: { field: 'at' } }],
  ])('every row of a service that fails at random is there once, read %s', async (_name, more) => {
    await service.fill(wellsTo(2000, (id) => Math.floor(id / 7)));
    let pages = 0;
    let failed = 0;
    proxy.fault = () => {
      const kinds = Object.entries(FAULTS).filter(([name]) => pages > 0 || name !== 'the page before');
      if (Math.random() < 0.35) {
        failed++;
        return kinds[Math.floor(Math.random() * kinds.length)]?.[1] ?? null;
      }
      pages++;
      return null;
    };
    const app = await start(
      { select: ['id', 'name', ...('incremental' in more ? ['at'] : [])], ...more },
      { engine, files: LOG, target: { dataset: 'timed' } },
    );
    expect(await runToEnd(app, 'wells')).toMatchObject({ error: null, state: 'succeeded', created: 2000, rejected: 0 });
    expect(await idsOf('timed')).toEqual(idsTo(2000));
    expect(failed).toBeGreaterThan(0);
  });
});

const LOG = { 'timed.yaml': TIMED['timed.yaml'].replace('primary_key: [id]\n', '') };
