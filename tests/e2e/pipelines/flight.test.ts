import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials, type ServerUnaryCall, type ServerWritableStream } from '@grpc/grpc-js';
import { makeVector, Table, tableToIPC } from 'apache-arrow';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { flightSource } from '#adapters/sources/flight/flight-source.ts';
import type { SourceOpening } from '#application/ports/source.ts';
import { readGroup } from '#domain/file/option-group.ts';
import { type JsonObject, jsonFrom } from '#domain/record/json.ts';
import { readIpcMessages } from '#formats/arrow/ipc-messages.ts';
import { FlightData } from '#formats/flight/flight-messages.ts';
import { systemClock } from '#infrastructure/clock.ts';
import { WebClient } from '#infrastructure/web-client.ts';
import { FLIGHT_SERVICE } from '#presentation/flight/flight-service.ts';
import { writeCertificate } from '../../support/certificate.ts';
import { ROAPI_MISSING, Roapi } from '../../support/roapi.ts';
import { until } from '../../support/until.ts';
import { startServer, type TestServer } from '../rest/support/server.ts';
import { runToEnd, startPipelineServer } from './support/pipeline-server.ts';
import { ndjson } from './support/row-source.ts';

const TOKEN = '0123456789abcdef0';
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

function pipeline(name: string, source: object, rest: object = {}): Record<string, string> {
  const whole = {
    name,
    source: { kind: 'flight', ...source },
    target: { dataset: 'log' },
    retry: { attempts: 100, wait: '50ms', most: '200ms' },
    ...rest,
  };
  return { [`${name}.json`]: JSON.stringify(whole) };
}

async function idsOf(dataset: string): Promise<number[]> {
  const { text } = (await server?.get(`/records/${dataset}/stream?shape=flat`)) ?? { text: '' };
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line).id).sort((a, b) => a - b);
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at);

test('another Data Forge over TLS, with a bearer token or a password', async () => {
  const { cert, key } = await writeCertificate(folder, 'localhost');
  const other = await startServer('duckdb', {
    files: {
      'orders.yaml': 'name: orders\nproperties:\n  - {name: id, type: integer}\n  - {name: name, type: string}\n',
    },
    env: { FLIGHT_TLS_CERT: cert, FLIGHT_TLS_KEY: key, API_TOKENS: `writer:${TOKEN}:write` },
  });
  closing.push(() => other.close());
  const headers = { 'content-type': 'application/x-ndjson', authorization: `Bearer ${TOKEN}` };
  const rows = range(1, 3000).map((id) => ({ id, name: `row ${id}` }));
  expect((await other.call('POST', '/records/orders/bulk', { headers, body: ndjson(rows) })).status).toBe(201);
  const url = (other.app.flightAddress ?? '').replace('127.0.0.1', 'localhost');
  const query = 'SELECT id, name FROM orders';
  const token = { secret: 'token' };
  server = await startPipelineServer(
    'duckdb',
    folder,
    {
      ...pipeline('bearer', { url, ca: cert, query, auth: { kind: 'bearer', token } }),
      ...pipeline('basic', { url, ca: cert, query, auth: { kind: 'basic', user: 'me', password: token } }),
      ...pipeline(
        'path',
        { url, ca: cert, path: 'orders', auth: { kind: 'bearer', token } },
        {
          transform: 'SELECT id, upper(name) AS name FROM batch WHERE id > 2990',
        },
      ),
      ...pipeline('nobody', { url, ca: cert, query }),
      ...pipeline('unsigned', { url, query, auth: { kind: 'bearer', token } }, { retry: { attempts: 1 } }),
    },
    { env: { FORGE_SECRET_token: TOKEN } },
  );
  expect(await runToEnd(server, 'bearer')).toMatchObject({ error: null, state: 'succeeded', created: 3000 });
  expect(await runToEnd(server, 'basic')).toMatchObject({ error: null, state: 'succeeded', created: 3000 });
  expect(await runToEnd(server, 'path')).toMatchObject({ error: null, state: 'succeeded', created: 10 });
  const nobody = await runToEnd(server, 'nobody');
  expect(nobody).toMatchObject({ state: 'failed', retries: 0, error: { code: 'source_failed' } });
  expect(nobody.error.message).toContain('UNAUTHENTICATED');
  expect(await runToEnd(server, 'unsigned')).toMatchObject({ state: 'failed', error: { code: 'source_failed' } });
});

test('a flight is described by its schema, by a path and by a query', async () => {
  const other = await startServer('duckdb', {
    files: {
      'orders.yaml':
        'name: orders\nproperties:\n  - {name: id, type: integer}\n  - {name: price, type: number, db_type: "DECIMAL(10,2)"}\n',
    },
  });
  closing.push(() => other.close());
  const web = new WebClient({ privateAddresses: 'allow' });
  const forbidding = new WebClient({ privateAddresses: 'forbid' });
  closing.push(
    () => web.close(),
    () => forbidding.close(),
  );
  const opening = (through: WebClient): SourceOpening => ({
    cursor: null,
    web: through,
    folder,
    clock: systemClock,
    secrets: { get: (name) => name, redact: (text) => text },
    batch: { bytes: 1e6, time: 1000 },
    signal: new AbortController().signal,
    caller: 'tests',
    note: () => {},
  });
  const describedBy = (given: object, through = web) => {
    const json = jsonFrom({ url: other.app.flightAddress, ...given }) as JsonObject;
    const options = readGroup(json, flightSource.options, { pointer: '', path: '', faults: [] });
    return flightSource.describe?.(options, opening(through));
  };
  const price = { name: 'price', dbType: { name: 'DECIMAL', precision: 10, scale: 2 }, nullable: true };
  const byPath = await describedBy({ path: 'orders' });
  expect(byPath?.columns).toContainEqual(price);
  const wanted = { query: 'SELECT price FROM orders', incremental: { column: 'price', start: '1.5', by: 'parameter' } };
  expect(await describedBy(wanted)).toEqual({ columns: [price], key: [] });
  expect(await describedBy({ ticket: '{}' })).toBeNull();
  await expect(describedBy({ path: 'orders' }, forbidding)).rejects.toMatchObject({ code: 'invalid_configuration' });
  await expect(describedBy({ path: 'orders', query: 'SELECT 1' })).rejects.toMatchObject({
    code: 'invalid_configuration',
  });
});

describe('a window of values', () => {
  const target = { target: { dataset: 'items', mode: 'upsert' }, transform: 'SELECT id, name FROM batch' };
  const moment = (id: number) => new Date(Date.UTC(2024, 0, 1) + id * 3_600_000).toISOString();

  async function backfill(name: string, from: string, to: string) {
    const answer = await server?.post(`/pipelines/${name}/backfills?wait_ms=30000`, { from, to });
    return answer?.json;
  }

  async function forget() {
    await server?.call('DELETE', '/records/items?all=true');
  }

  test('is read of another Data Forge, and nothing else; ordinary runs go on where they were', async () => {
    const other = await startServer('duckdb', {
      files: {
        'orders.yaml':
          'name: orders\nproperties:\n  - {name: id, type: integer}\n  - {name: name, type: string}\n' +
          '  - {name: at, type: string, db_type: TIMESTAMP}\n  - {name: price, type: number, db_type: "DECIMAL(18,4)"}\n',
      },
    });
    closing.push(() => other.close());
    const row = (id: number) => ({ id, name: id === 7 ? "7' OR '1' = '1" : String(id), at: moment(id), price: id / 4 });
    const headers = { 'content-type': 'application/x-ndjson' };
    await other.call('POST', '/records/orders/bulk', { headers, body: ndjson(range(0, 99).map(row)) });
    const url = other.app.flightAddress ?? '';
    const query = 'SELECT id, name, "at", price FROM orders';
    const command =
      '{"dataset": "orders", "filters": [{"field": "id", "operator": "gte", "value": {since}}], "sort": [{"field": "id", "order": "asc"}]}';
    server = await startPipelineServer('duckdb', folder, {
      ...pipeline('moments', { url, query, incremental: { column: 'at', start: moment(90) } }, target),
      ...pipeline('bound', { url, query, incremental: { column: 'price', by: 'parameter', start: '20' } }, target),
      ...pipeline('texts', { url, query, incremental: { column: 'name' } }, target),
      ...pipeline('command', { url, command, incremental: { column: 'id', start: '90' } }, target),
      ...pipeline('path', { url, path: ['orders'], incremental: { column: 'id' } }, target),
      ...pipeline('all', { url, query }, target),
    });
    expect(await runToEnd(server, 'moments')).toMatchObject({ error: null, created: 10 });
    expect(await backfill('moments', moment(10), moment(30))).toMatchObject({ error: null, created: 20, updated: 0 });
    expect(await backfill('moments', '2024-01-02', '2024-01-03')).toMatchObject({ error: null, created: 18 });
    expect(await idsOf('items')).toEqual([...range(10, 47), ...range(90, 99)]);
    expect(await runToEnd(server, 'moments')).toMatchObject({ error: null, created: 0, updated: 0 });

    await forget();
    expect(await backfill('bound', '2.5', '5')).toMatchObject({ error: null, created: 10 });
    expect(await idsOf('items')).toEqual(range(10, 19));
    expect(await backfill('bound', 'a', 'b')).toMatchObject({
      state: 'failed',
      error: { message: 'The field of the window has numbers; give numbers as its ends, not "a".' },
    });

    // Texts that look like numbers are texts, and one that looks like SQL is one.
    await forget();
    expect(await backfill('texts', '2', '25')).toMatchObject({ error: null, created: 6 });
    expect(await backfill('texts', "7' OR '1' = '1", "7' OR '1' = '2")).toMatchObject({ error: null, created: 1 });
    expect(await idsOf('items')).toEqual([2, 7, ...range(20, 24)]);

    for (const name of ['command', 'path']) {
      await forget();
      expect(await backfill(name, '40', '60'), name).toMatchObject({ error: null, created: 20 });
      expect(await idsOf('items')).toEqual(range(40, 59));
    }
    expect(await backfill('all', '1', '2')).toMatchObject({ code: 'invalid_parameter' });
  });

  test.skipIf(ROAPI_MISSING !== null)('is read of a server that is not ours', async () => {
    const file = join(folder, 'orders.ndjson');
    const row = (id: number) => ({ id, name: String(id), at: moment(id), ratio: id / 8 });
    await writeFile(file, ndjson(range(0, 99).map(row)));
    const roapi = await Roapi.prepare([`orders=${file}`]);
    closing.push(() => roapi.stop());
    await roapi.restart();
    const url = `grpc://127.0.0.1:${roapi.port}`;
    const query =
      'SELECT id, name, "at", ratio, arrow_cast("at", \'Timestamp(Microsecond, None)\') AS moment FROM orders';
    server = await startPipelineServer('duckdb', folder, {
      ...pipeline('numbers', { url, query, incremental: { column: 'id', start: '90' } }, target),
      ...pipeline('doubles', { url, query, incremental: { column: 'ratio' } }, target),
      ...pipeline('texts', { url, query, incremental: { column: 'name' } }, target),
      ...pipeline('moments', { url, query, incremental: { column: 'moment' } }, target),
    });
    expect(await runToEnd(server, 'numbers')).toMatchObject({ error: null, created: 10 });
    expect(await backfill('numbers', '8', '12')).toMatchObject({ error: null, created: 4 });
    expect(await runToEnd(server, 'numbers')).toMatchObject({ error: null, created: 0 });
    expect(await backfill('doubles', '2.5', '2.75')).toMatchObject({ error: null, created: 2 });
    expect(await backfill('texts', '5', '55')).toMatchObject({ error: null, created: 6 });
    expect(await backfill('moments', '2024-01-04', '2024-01-05T00:00:00Z')).toMatchObject({ error: null, created: 18 });
    const found = [5, ...range(8, 11), 20, 21, ...range(50, 54), ...range(72, 99)];
    expect(await idsOf('items')).toEqual(found);
  });
});

/** A server of flights whose rows lie in two places. */
async function startPlaces(ids: readonly (readonly number[])[]) {
  const seen: (string | null)[] = [];
  const server = new Server();
  const wrap = { port: 0 };
  const locations = () => [[], [{ uri: `grpc://127.0.0.1:1` }, { uri: `grpc://localhost:${wrap.port}` }]];
  server.addService(FLIGHT_SERVICE, {
    GetFlightInfo: (_call: ServerUnaryCall<unknown, unknown>, callback: (error: null, info: object) => void) => {
      const endpoint = locations().map((location, at) => ({ location, ticket: { ticket: Buffer.from(String(at)) } }));
      callback(null, { endpoint, ordered: true });
    },
    DoGet: async (call: ServerWritableStream<{ ticket: Uint8Array }, unknown>) => {
      seen.push(call.metadata.get('authorization')[0]?.toString() ?? null);
      const at = Number(Buffer.from(call.request.ticket).toString());
      const table = new Table({ id: makeVector(BigInt64Array.from(ids[at] ?? [], BigInt)) });
      for await (const { metadata, readBody } of readIpcMessages(once(tableToIPC(table, 'stream')), LIMITS)) {
        const { Message } = await import('apache-arrow/ipc/metadata/message');
        const body = await readBody(Message.decode(metadata).bodyLength);
        call.write(FlightData.encode({ header: metadata, body }));
      }
      call.end();
    },
  } as never);
  await new Promise<void>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
      wrap.port = port;
      if (error) reject(error);
      else resolve();
    });
  });
  closing.push(() => server.forceShutdown());
  return { url: `grpc://127.0.0.1:${wrap.port}`, seen };
}

const LIMITS = { maxMessageBytes: 1e9 };
async function* once(bytes: Uint8Array) {
  yield bytes;
}

test('rows that lie in several places; a place that is gone is passed over, and a stranger gets no credentials', async () => {
  const places = await startPlaces([range(1, 100), range(101, 150)]);
  const auth = { kind: 'bearer', token: { secret: 'token' } };
  const source = { url: places.url, path: ['a'], auth, incremental: { column: 'id' } };
  server = await startPipelineServer(
    'duckdb',
    folder,
    { ...pipeline('p', source), ...pipeline('trusting', { ...source, trust_locations: true }) },
    { env: { FORGE_SECRET_token: TOKEN } },
  );
  expect(await runToEnd(server, 'p')).toMatchObject({ error: null, state: 'succeeded', created: 150 });
  expect(await idsOf('log')).toEqual(range(1, 150));
  expect(places.seen).toEqual([`Bearer ${TOKEN}`, null]);
  expect(await runToEnd(server, 'trusting')).toMatchObject({ error: null, state: 'succeeded', created: 150 });
  expect(places.seen.slice(2)).toEqual([`Bearer ${TOKEN}`, `Bearer ${TOKEN}`]);
});

test('rows that come in another order than that of their column are refused', async () => {
  const places = await startPlaces([range(101, 150), range(1, 100)]);
  const source = { url: places.url, path: ['a'], incremental: { column: 'id' } };
  server = await startPipelineServer('duckdb', folder, pipeline('p', source, { retry: { attempts: 1 } }));
  const run = await runToEnd(server, 'p');
  expect(run).toMatchObject({ state: 'failed', error: { code: 'source_failed' } });
  expect(run.error.message).toContain('order of id');
});

describe.skipIf(ROAPI_MISSING !== null)(`ROAPI ${ROAPI_MISSING ?? ''}`, () => {
  test('the server restarted in the middle of a run: every row once, and later ones with the next run', async () => {
    const file = join(folder, 'orders.ndjson');
    const row = (id: number) => ({ id, name: 'word '.repeat(20), at: new Date(1.7e12 + Math.floor(id / 7) * 1000) });
    await writeFile(file, ndjson(range(1, 250_000).map(row)));
    const roapi = await Roapi.prepare([`orders=${file}`]);
    closing.push(() => roapi.stop());
    await roapi.restart();
    const source = {
      url: `grpc://127.0.0.1:${roapi.port}`,
      query: 'SELECT id, name, "at" FROM orders',
      incremental: { column: 'at' },
    };
    const properties = ['{name: id, type: integer}', '{name: name, type: string}', '{name: at, type: string}'];
    const log = `name: log\nproperties:\n${properties.map((line) => `  - ${line}\n`).join('')}`;
    server = await startPipelineServer('duckdb', folder, pipeline('p', source), {
      files: { 'log.yaml': log },
      env: { PIPELINE_BATCH: '4MB' },
    });
    const { json } = await server.post('/pipelines/p/runs', undefined);
    await until(async () => (await server?.get(`/runs/${json.id}`))?.json.progress?.batches > 0, 30_000);
    await roapi.restart();
    const run = (await server.get(`/runs/${json.id}?wait_ms=60000`)).json;
    expect(run).toMatchObject({ error: null, state: 'succeeded', created: 250_000 });
    expect(run.retries).toBeGreaterThan(0);
    expect(await idsOf('log')).toEqual(range(1, 250_000));
    const late = range(250_001, 250_010).map((id) => ({ ...row(250_000), id }));
    await writeFile(file, ndjson([...range(1, 250_000).map(row), ...late]));
    await roapi.restart();
    expect(await runToEnd(server, 'p')).toMatchObject({ error: null, state: 'succeeded', created: 10 });
    expect(await runToEnd(server, 'p')).toMatchObject({ state: 'succeeded', created: 0 });
    expect(await idsOf('log')).toEqual(range(1, 250_010));
  }, 120_000);
});
