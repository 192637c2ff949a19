import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { STORAGE_ENGINES } from '#adapters/storage/registry.ts';
import type { StorageEngine } from '#application/ports/storage-engine.ts';
import { loadConfig } from '#config';
import { DataForgeError, ERROR_TITLES, type ErrorCode } from '#domain/errors.ts';
import { compileRe2 } from '#infrastructure/re2.ts';
import { PROBLEMS } from '#presentation/problem.ts';
import { type App, createApp } from '../../../src/app.ts';
import { FlightClient } from '../flight/flight-client.ts';
import { Client } from '../websocket/client.ts';

const FORGE = fileURLToPath(new URL('../../../src/presentation/cli/main.ts', import.meta.url));
const CODES = Object.keys(ERROR_TITLES) as ErrorCode[];
const SECRET = 'SELECT secret FROM /var/lib/store';

/** An engine whose reads fail as they are told to. */
function failing(engine: StorageEngine, fault: () => Error): StorageEngine {
  const fail = async () => {
    throw fault();
  };
  const endless = () => ({ [Symbol.asyncIterator]: () => ({ next: fail }) });
  const reader = {
    page: fail,
    count: fail,
    byIds: fail,
    byKeys: fail,
    aggregate: fail,
    explain: async () => null,
    stream: endless,
    batches: (query: { dataset: never; fields: never }, options: never) => ({
      schema: engine.reader.batches(query as never, options).schema,
      batches: endless(),
    }),
  };
  return { ...engine, reader: reader as never };
}

let folder: string;
let app: App;
let url: string;
let client: Client;
let flight: FlightClient;
let fault: Error;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-forge-errors-'));
  await mkdir(join(folder, 'datasets'));
  await writeFile(join(folder, 'datasets', 'notes.yaml'), 'name: notes\nproperties:\n  - {name: text, type: string}\n');
  const engine = await STORAGE_ENGINES.memory({
    dataDir: folder,
    memoryBytes: 1e9,
    threads: 1,
    compilePattern: compileRe2,
    gate: { run: (_, work) => work() },
    databaseUrl: '',
    databaseConnections: 5,
  });
  const env = { PORT: '0', FLIGHT_PORT: '0', DATA_DIR: 'data', DATASETS_DIR: 'datasets' };
  app = await createApp(loadConfig({ folder, env }), {
    engine: failing(engine, () => fault),
    logger: pino({ level: 'silent' }),
  });
  url = await app.listen();
  client = await Client.open(url);
  flight = new FlightClient(app.flightAddress ?? '');
});
afterAll(async () => {
  flight.close();
  await client.close();
  await app.close(1000);
  await rm(folder, { recursive: true, force: true });
});

describe.each(CODES)('%s', (code) => {
  const words = PROBLEMS[code];
  const message = `What is wrong with ${code}, and how to mend it.`;

  test('is told by REST, GraphQL, WebSocket and Flight as the table has it', async () => {
    fault = new DataForgeError(code, message, { cause: new Error(SECRET) });
    const rest = await fetch(`${url}/api/v1/records/notes/count`);
    const problem = await rest.text();
    expect(rest.status).toBe(words.http);
    expect(rest.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(JSON.parse(problem)).toMatchObject({ code, status: words.http, title: ERROR_TITLES[code], detail: message });

    const graphql = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"query":"{ countNotes }"}',
    });
    const answer = await graphql.text();
    expect(JSON.parse(answer).errors).toMatchObject([{ message, extensions: { code, kind: words.graphql } }]);

    client.say({ type: 'query', id: code, schema_name: 'notes' });
    const { error } = await client.next('error', code);
    expect(error).toMatchObject({ code, title: ERROR_TITLES[code], detail: message });

    const ticket = (await flight.unary('GetFlightInfo', { type: 2, cmd: Buffer.from('{"dataset":"notes","limit":1}') }))
      .endpoint[0].ticket.ticket;
    const status = await flight.get(ticket).then(
      () => ({ code: 0, details: '' }),
      (thrown: { code: number; details: string }) => thrown,
    );
    expect(status).toMatchObject({ code: words.grpc, details: expect.stringContaining(message) });

    for (const told of [problem, answer, JSON.stringify(error), status.details]) expect(told).not.toContain(SECRET);
  });

  test('ends the command line with its exit code', async () => {
    fault = new DataForgeError(code, message);
    const { exit, shown } = await new Promise<{ exit: unknown; shown: string }>((resolve) => {
      execFile(process.execPath, [FORGE, 'count', 'notes', '--url', url], (error, _out, shown) =>
        resolve({ exit: error?.code, shown }),
      );
    });
    expect(exit).toBe(words.exit);
    expect(shown).toContain(message);
  });
});

test('what nobody has foreseen is told by every road as internal, and nothing of it is seen', async () => {
  fault = new TypeError(SECRET);
  const rest = await fetch(`${url}/api/v1/records/notes/count`);
  const texts = [await rest.text()];
  expect(rest.status).toBe(500);
  const graphql = await fetch(`${url}/graphql?query={countNotes}`);
  texts.push(await graphql.text());
  client.say({ type: 'query', id: 'i', schema_name: 'notes' });
  texts.push(JSON.stringify(await client.next('error', 'i')));
  const info = await flight.unary('GetFlightInfo', { type: 2, cmd: Buffer.from('{"dataset":"notes","limit":1}') });
  texts.push(await flight.get(info.endpoint[0].ticket.ticket).then(String, (thrown) => `internal ${thrown.details}`));
  for (const text of texts) {
    expect(text).toContain('internal');
    expect(text).not.toContain(SECRET);
  }
});
