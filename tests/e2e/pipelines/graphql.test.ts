import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FAULTS, FaultyProxy } from '../../support/faulty-proxy.ts';
import { GraphqlServer } from '../../support/graphql-server.ts';
import { ENGINES, type EngineName, startServer, type TestServer } from '../rest/support/server.ts';
import { runToEnd, startPipelineServer } from './support/pipeline-server.ts';

let folder: string;
let rows: GraphqlServer;
let proxy: FaultyProxy;
let server: TestServer | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-forge-pipelines-'));
  rows = new GraphqlServer();
  await rows.start();
  proxy = new FaultyProxy(rows.url);
  await proxy.start();
});

afterEach(async () => {
  await server?.close();
  server = undefined;
  await proxy.close();
  await rows.close();
  await rm(folder, { recursive: true, force: true });
});

const DATASET =
  'name: rows\nproperties:\n  - {name: id, type: integer}\n  - {name: name, type: string}\n  - {name: note, type: string}\n' +
  '  - {name: code, type: string}\n  - {name: at, type: integer}\n';

async function start(source: object, engine: EngineName = 'memory', files = DATASET): Promise<TestServer> {
  const file = JSON.stringify({
    name: 'rows',
    source: { kind: 'graphql', url: proxy.url, ...source },
    target: { dataset: 'rows' },
    retry: { attempts: 20, wait: '1ms', most: '5ms' },
  });
  const env = { PIPELINE_BATCH: '8KB', FORGE_SECRET_TOKEN: 'abc' };
  server = await startPipelineServer(engine, folder, { 'rows.json': file }, { files: { 'rows.yaml': files }, env });
  return server;
}

const rowsTo = (count: number) => Array.from({ length: count }, (_, at) => ({ id: at + 1, name: `row ${at + 1}`, at }));
const idsTo = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

// biome-ignore lint/suspicious/noExplicitAny: tests look into rows of every shape
async function stored(): Promise<any[]> {
  const text = (await server?.get('/records/rows/stream?shape=flat'))?.text ?? '';
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line)).sort((a, b) => a.id - b.id);
}

const LIST = { query: '{ list(limit: 1000) { id note } }', records: 'list' };

test('an answer with errors is asked for again, and nothing of it is stored', async () => {
  rows.rows = rowsTo(5);
  rows.badNotes.add(3);
  const app = await start({ ...LIST, auth: { kind: 'bearer', token: { secret: 'TOKEN' } } });
  const run = await runToEnd(app, 'rows');
  expect(run).toMatchObject({ state: 'failed', created: 0, retries: 19 });
  expect(run.error.message).toContain('the note is away at list.2.note');
  expect(proxy.requests[0]?.headers.authorization).toBe('Bearer abc');
  rows.badNotes.clear();
  expect(await runToEnd(app, 'rows')).toMatchObject({ state: 'succeeded', created: 5 });
});

test('rows that errors point into are left out where the file says so, and the run tells', async () => {
  rows.rows = rowsTo(5);
  rows.badNotes.add(3);
  const app = await start({ ...LIST, partial: 'skip' });
  const run = await runToEnd(app, 'rows');
  expect(run).toMatchObject({ state: 'succeeded', created: 4 });
  expect(JSON.stringify(run.log)).toContain('the note is away');
  expect((await stored()).map(({ id }) => id)).toEqual([1, 2, 4, 5]);
});

test('or stored with null where the errors are; a row that is null itself is none', async () => {
  rows.rows = rowsTo(5);
  rows.badNotes.add(3);
  rows.badCodes.add(5);
  const app = await start({
    query: '{ connection { edges { node { id note code } } pageInfo { hasNextPage } } }',
    paging: { kind: 'relay', connection: 'connection' },
    partial: 'take',
  });
  expect(await runToEnd(app, 'rows')).toMatchObject({ error: null, state: 'succeeded', created: 4 });
  expect((await stored())[2]).toMatchObject({ id: 3, note: null, code: 'of 3' });
});

test.each([
  ['{ nothing }', { retries: 0 }, 'Cannot query field'],
  ['{ list(limit: 1) { id }', { retries: 0 }, 'Syntax Error'],
  ['{ secured { id } }', { retries: 19 }, 'nobody may see this'],
])('what cannot be had: %s', async (query, run, message) => {
  const app = await start({ query, records: 'secured', partial: 'take' });
  expect(await runToEnd(app, 'rows')).toMatchObject({
    state: 'failed',
    ...run,
    error: { code: 'source_failed', message: expect.stringContaining(message) },
  });
});

test.each([
  [{ query: '{ list { id } }' }, 'invalid_configuration', 'as records'],
  [{ query: '{ list { id } }', records: 'list.items' }, 'source_failed', 'has no list.items'],
  [
    { query: '{ connection { nodes { id } } }', paging: { kind: 'relay', connection: 'connection' } },
    'source_failed',
    'pageInfo { hasNextPage endCursor }',
  ],
])('%j names what is not there', async (source, code, message) => {
  rows.rows = rowsTo(3);
  const app = await start(source);
  expect(await runToEnd(app, 'rows')).toMatchObject({
    state: 'failed',
    created: 0,
    error: { code, message: expect.stringContaining(message) },
  });
});

test('rows that do not fit any more are refused, and are all there once when the query is mended', async () => {
  rows.rows = rowsTo(3);
  const app = await start({ query: '{ list { id unknown: name } }', records: 'list' });
  expect(await runToEnd(app, 'rows')).toMatchObject({ state: 'failed', created: 0 });
  await app.close();
  const other = await start(LIST);
  expect(await runToEnd(other, 'rows')).toMatchObject({ state: 'succeeded', created: 3 });
});

describe.each(ENGINES)('on %s', (engine) => {
  const relay = {
    query:
      'query ($after: String, $since: Int, $first: Int) { connection(after: $after, since: $since, first: $first) { edges { node { id name at } } pageInfo { hasNextPage endCursor } } }',
    paging: { kind: 'relay', connection: 'connection', size: 100 },
    incremental: { field: 'at', variable: 'since' },
  };
  const offset = {
    query: 'query ($offset: Int, $limit: Int) { list(offset: $offset, limit: $limit) { id name at } }',
    records: 'list',
    paging: { kind: 'offset', limit: 100 },
  };

  test.each([
    ['a connection', relay],
    ['a list', offset],
  ])('every row of %s that fails at random is there once', async (_name, source) => {
    rows.rows = rowsTo(2000);
    let pages = 0;
    let failed = 0;
    proxy.fault = () => {
      const kinds = Object.entries(FAULTS).filter(([name]) => pages > 0 || name !== 'the page before');
      if (Math.random() >= 0.35) {
        pages++;
        return null;
      }
      failed++;
      return kinds[Math.floor(Math.random() * kinds.length)]?.[1] ?? null;
    };
    const app = await start(source, engine);
    expect(await runToEnd(app, 'rows')).toMatchObject({ error: null, state: 'succeeded', created: 2000, rejected: 0 });
    expect((await stored()).map(({ id }) => id)).toEqual(idsTo(2000));
    expect(failed).toBeGreaterThan(0);
  });
});

test('another Data Forge, only what is new, with every digit', async () => {
  const dataset =
    'name: wells\nproperties:\n  - {name: id, type: integer}\n  - {name: price, type: number, db_type: "DECIMAL(30,4)"}\n' +
    '  - {name: changed, type: string, db_type: TIMESTAMP}\n';
  const other = await startServer('memory', { files: { 'wells.yaml': dataset } });
  const well = (id: number, minute: number) => ({
    id,
    price: id + 0.5,
    changed: new Date(Date.UTC(2024, 0, 1, 0, minute)).toISOString(),
  });
  await other.post('/records/bulk', {
    schema_name: 'wells',
    data: Array.from({ length: 250 }, (_, at) => well(at + 1, Math.floor(at / 2))),
  });
  const app = await start(
    {
      url: `${other.url.replace(/\/api\/v1$/, '')}/graphql`,
      query:
        'query ($after: String, $first: Int, $since: DateTime) { connectWells(after: $after, first: $first, filter: {changed: {gte: $since}}, sort: [{field: changed, order: ASC}]) { nodes { id price changed } pageInfo { hasNextPage endCursor } } }',
      paging: { kind: 'relay', connection: 'connectWells', size: 100 },
      incremental: { field: 'changed', variable: 'since', start: '2024-01-01T00:00:00Z' },
    },
    'memory',
    'name: rows\nproperties:\n  - {name: id, type: integer}\n  - {name: price, type: string}\n  - {name: changed, type: string, db_type: TIMESTAMP}\n',
  );
  expect(await runToEnd(app, 'rows')).toMatchObject({ error: null, created: 250 });
  expect(await runToEnd(app, 'rows')).toMatchObject({ error: null, created: 0 });
  await other.post('/records/bulk', { schema_name: 'wells', data: [well(251, 124), well(252, 200)] });
  expect(await runToEnd(app, 'rows')).toMatchObject({ error: null, created: 2 });
  expect((await stored())[250]).toMatchObject({ id: 251, price: '251.5000' });
  await other.close();
});
