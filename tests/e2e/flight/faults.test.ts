import { readdir } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { tableFromArrays, tableToIPC } from 'apache-arrow';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FlightData } from '#formats/flight/flight-messages.ts';
import { FLIGHT_SERVICE } from '#presentation/flight/flight-service.ts';
import { ENGINES, startServer, type TestServer } from '../rest/support/server.ts';
import { FlightClient } from './flight-client.ts';
import { flightData } from './flight-data.ts';

/** More than a batch holds, so that a stream has not ended when its reader has seen the beginning. */
const ROWS = 300_000;
const TICKET = Buffer.from('{"dataset":"notes"}');

describe.each(ENGINES)('Arrow Flight on %s, with clients that fail', (engine) => {
  let server: TestServer;
  let client: FlightClient;
  beforeAll(async () => {
    server = await startServer(engine);
    client = new FlightClient(server.app.flightAddress ?? '');
    const lines = Array.from({ length: ROWS }, (_, rank) => `{"text":"${'x'.repeat(60)} ${rank}","rank":${rank}}`);
    const headers = { 'content-type': 'application/x-ndjson' };
    expect((await server.call('POST', '/records/notes/bulk', { headers, body: lines.join('\n') })).status).toBe(201);
  }, 60_000);
  afterAll(async () => {
    client.close();
    await server.close();
  });

  const figure = async (name: string) =>
    Number(new RegExp(`^data_forge_${name} (\\d+)$`, 'm').exec((await server.get('//metrics')).text)?.[1]);
  const count = async () => (await server.get('/records/notes/count')).json.count as number;
  const spooled = async () => readdir(join(server.folder, 'data', 'spool')).catch(() => []);

  /** Nothing that a client began is left: no call, no stream, no query, no load, no file. */
  async function nothingIsLeft(): Promise<void> {
    for (const name of ['flight_calls', 'streams', 'sql_queries', 'loads_running', 'gate_running', 'gate_waiting']) {
      await expect.poll(() => figure(name), { timeout: 10_000, message: name }).toBe(0);
    }
    await expect.poll(spooled).toEqual([]);
  }

  test('who is cut off while reading leaves nothing behind', async () => {
    for (let round = 0; round < 5; round++) {
      const own = new FlightClient(server.app.flightAddress ?? '');
      const stream = own.stream('DoGet', { ticket: TICKET });
      stream.on('error', () => {});
      await new Promise((resolve) => stream.once('data', resolve));
      if (round % 2 === 0) stream.cancel();
      own.close();
    }
    await nothingIsLeft();
  }, 30_000);

  test('who does not read holds back its own query and nobody else', async () => {
    const slow = client.stream('DoGet', { ticket: TICKET });
    slow.on('error', () => {});
    await new Promise((resolve) => slow.once('data', resolve));
    slow.pause();
    await sleep(500);
    expect(await figure('streams')).toBe(1);
    for (let round = 0; round < 3; round++) {
      expect((await client.get(Buffer.from('{"dataset":"notes","limit":1000}'))).numRows).toBe(1000);
      expect(await count()).toBe(ROWS);
    }
    expect(await figure('streams')).toBe(1);
    slow.cancel();
    await nothingIsLeft();
  }, 30_000);

  test('half of an upload is nothing, however it was cut', async () => {
    const texts = Array.from({ length: 20_000 }, (_, at) => `half ${at}`);
    const messages = await flightData(tableToIPC(tableFromArrays({ text: texts }), 'stream'), ['notes']);
    const { path, responseDeserialize } = FLIGHT_SERVICE.DoPut;
    for (const cut of ['cancel', 'half a message'] as const) {
      const own = new FlightClient(server.app.flightAddress ?? '');
      const call = own.open(path, FlightData.encode, responseDeserialize);
      call.on('error', () => {});
      call.on('data', () => {});
      const [schema, rows] = messages as [(typeof messages)[0], (typeof messages)[0]];
      call.write(schema);
      call.write(cut === 'half a message' ? { ...rows, body: rows.body.subarray(0, rows.body.length / 2) } : rows);
      await sleep(100);
      if (cut === 'cancel') call.cancel();
      else call.end();
      await sleep(50);
      own.close();
    }
    await nothingIsLeft();
    expect(await count()).toBe(ROWS);
  }, 30_000);

  test('bytes that are no HTTP/2 end the connection and nothing else', async () => {
    const { hostname, port } = new URL((server.app.flightAddress ?? '').replace('grpc:', 'http:'));
    for (const bytes of [
      'GET / HTTP/1.1\r\n\r\n',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'.padEnd(500, '\u0001'),
      '\u0000'.repeat(100),
    ]) {
      const socket = createConnection(Number(port), hostname);
      socket.on('error', () => {});
      socket.write(bytes);
      await sleep(50);
      socket.destroy();
    }
    expect((await client.get(Buffer.from('{"dataset":"notes","limit":1}'))).numRows).toBe(1);
  });

  test('whatever bytes are sent, the answer is a status that names the fault, never an internal one', async () => {
    const INTERNAL = 13;
    const methods = ['GetFlightInfo', 'GetSchema'] as const;
    const json = fc.oneof(
      fc.json(),
      fc
        .record({ dataset: fc.constantFrom('notes', 'none', 1), filters: fc.jsonValue(), limit: fc.jsonValue() })
        .map((value) => JSON.stringify(value)),
    );
    const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...methods), bytes, json, async (method, noise, text) => {
        const codes = await Promise.all(
          [
            client.raw(method, noise),
            client.unary(method, { type: 2, cmd: noise }),
            client.unary(method, { type: 2, cmd: Buffer.from(text) }),
            client.get(noise),
            client.get(Buffer.from(text)),
            client.put([{ header: noise, body: noise, descriptor: { type: 1, path: ['notes'] } }]),
          ].map((call) =>
            call.then(
              () => 0,
              ({ code }: { code: number }) => code,
            ),
          ),
        );
        // What is no message at all is answered by gRPC itself, before anybody has seen it.
        expect(codes.slice(1)).not.toContain(INTERNAL);
      }),
      { numRuns: 60 },
    );
    await nothingIsLeft();
    expect(await count()).toBe(ROWS);
  }, 60_000);
});
