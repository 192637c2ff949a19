import { tableFromArrays, tableToIPC } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DESCRIPTOR_COMMAND, DESCRIPTOR_PATH } from '#formats/flight/flight-messages.ts';
import { ENGINES, startServer, type TestServer } from '../rest/support/server.ts';
import { FlightClient } from './flight-client.ts';
import { flightData as messagesOf } from './flight-data.ts';

const TOKENS = 'reader:0123456789abcdef0:read,writer:0123456789abcdef1:write';
const ROWS = 20_000;
function flightData(columns: Record<string, string[]>, path: string[]) {
  return messagesOf(tableToIPC(tableFromArrays(columns), 'stream'), path);
}

describe.each(ENGINES)('Arrow Flight on %s', (engine) => {
  let server: TestServer;
  let client: FlightClient;

  beforeAll(async () => {
    server = await startServer(engine, { env: { MAX_STREAMS: '256' } });
    client = new FlightClient(server.app.flightAddress ?? '');
    const texts = Array.from({ length: ROWS }, (_, at) => `a text of some thirty letters ${at}`);
    const answer = await client.put(await flightData({ text: texts }, ['notes']));
    expect(JSON.parse(Buffer.from(answer.appMetadata).toString())).toMatchObject({ created: ROWS, rejected: 0 });
  });

  afterAll(async () => {
    client.close();
    await server.close();
  });

  async function nothingOpen(): Promise<void> {
    await expect
      .poll(async () => (await server.get('//metrics')).text.match(/flight_calls (\d+)/)?.[1], { timeout: 5000 })
      .toBe('0');
    expect((await server.get('//metrics')).text).toMatch(/[^\w]?(?:data_forge_|forge_)?streams 0/);
  }

  it('gives the records of a dataset by the ticket of its flight', async () => {
    const info = await client.unary('GetFlightInfo', { type: DESCRIPTOR_PATH, path: ['notes'] });
    expect(info.totalRecords).toBe(BigInt(ROWS));
    const { text } = await server.get('//metrics');
    expect(text).toMatch(/requests_total{protocol="flight",method="POST",route="GetFlightInfo",status="200"/);
    const table = await client.get(info.endpoint[0].ticket.ticket);
    expect(table.numRows).toBe(ROWS);
    const texts = new Set(Array.from({ length: ROWS }, (_, at) => table.getChild('text')?.get(at)));
    expect(texts.size).toBe(ROWS);
    expect(texts.has(`a text of some thirty letters ${ROWS - 1}`)).toBe(true);
  });

  it('filters, sorts and limits by a command', async () => {
    const cmd = Buffer.from(
      JSON.stringify({ dataset: 'notes', sort: [{ field: 'text', order: 'desc' }], fields: ['text'], limit: 2 }),
    );
    const info = await client.unary('GetFlightInfo', { type: DESCRIPTOR_COMMAND, cmd });
    const table = await client.get(info.endpoint[0].ticket.ticket);
    expect(table.toArray().map((row) => row?.text)).toEqual([
      'a text of some thirty letters 9999',
      'a text of some thirty letters 9998',
    ]);
  });

  it('says what is wrong by the status of the catalogue', async () => {
    const info = (descriptor: object) => client.unary('GetFlightInfo', descriptor);
    await expect(info({ type: DESCRIPTOR_PATH, path: ['none'] })).rejects.toMatchObject({ code: 5 });
    await expect(info({ type: DESCRIPTOR_PATH, path: [] })).rejects.toMatchObject({ code: 3 });
    await expect(info({ type: DESCRIPTOR_COMMAND, cmd: Buffer.from('{"x":1}') })).rejects.toMatchObject({ code: 3 });
    await expect(client.get('nonsense')).rejects.toMatchObject({ code: 3 });
    await expect(client.put([{ header: Buffer.from('x') }])).rejects.toMatchObject({ code: 3 });
    await expect(client.put(await flightData({ nothing: ['x'] }, ['notes']))).rejects.toMatchObject({ code: 3 });
    await expect(client.raw('GetFlightInfo', Buffer.from([0xff, 0xff, 0xff]))).rejects.toThrow();
    await nothingOpen();
  });

  it('takes rows with an idempotency key once', async () => {
    const once = await flightData({ text: ['once'] }, ['notes']);
    const other = await flightData({ text: ['other'] }, ['notes']);
    const send = async ([schema, ...rows]: typeof once, key: unknown) => {
      const mark = { appMetadata: Buffer.from(JSON.stringify({ idempotency_key: key })) };
      return client.put([schema as (typeof once)[number], mark, ...rows]);
    };
    const count = async () => (await client.get('{"dataset":"notes"}')).numRows;
    const before = await count();
    const answers = [await send(once, 'load-1'), await send(once, 'load-1')];
    expect(answers.map(({ appMetadata }) => JSON.parse(Buffer.from(appMetadata).toString()).created)).toEqual([1, 1]);
    await expect(send(other, 'load-1')).rejects.toMatchObject({ details: expect.stringMatching(/key/i) });
    await expect(send(other, 'two words')).rejects.toMatchObject({ code: 3 });
    await expect(send(other, 7)).rejects.toMatchObject({ code: 3 });
    expect(await count()).toBe(before + 1);
  });

  it('keeps marks in the commit of the rows, or not at all', async () => {
    const [schema, ...rows] = await flightData({ text: ['marked'] }, ['notes']);
    const wrong = (await flightData({ text: [''], nothing: ['x'] }, ['notes'])).slice(1);
    type Message = NonNullable<typeof schema>;
    const send = (marks: unknown, messages: readonly Message[]) =>
      client.put([schema as Message, { appMetadata: Buffer.from(JSON.stringify({ marks })) }, ...messages]);
    const read = async (names: readonly string[]) => {
      const results = [];
      const body = Buffer.from(JSON.stringify({ dataset: 'notes', names }));
      for await (const result of client.stream('DoAction', { type: 'GetMarks', body })) results.push(result);
      return JSON.parse(Buffer.from(results[0].body).toString());
    };
    await send({ cursor: 'page 1', day: '2024-01-01' }, rows);
    expect(await read(['cursor', 'day', 'none'])).toEqual({ cursor: 'page 1', day: '2024-01-01' });
    await expect(send({ cursor: 'page 2' }, wrong)).rejects.toMatchObject({ code: 3 });
    expect(await read(['cursor'])).toEqual({ cursor: 'page 1' });
    await send({ cursor: 'page 2' }, rows);
    expect(await read(['cursor'])).toEqual({ cursor: 'page 2' });
    for (const marks of [{ cursor: 1 }, 'x', { '': 'x' }, { long: 'x'.repeat(5000) }]) {
      await expect(send(marks, rows)).rejects.toMatchObject({ code: 3 });
    }
    await expect(read(Array.from({ length: 17 }, (_, at) => `m${at}`))).rejects.toMatchObject({ code: 3 });
  });

  it('frees what a client leaves behind', async () => {
    for (let at = 0; at < 10; at++) {
      const stream = client.stream('DoGet', { ticket: Buffer.from('{"dataset":"notes"}') });
      await new Promise((resolve) => stream.once('data', resolve));
      stream.on('error', () => {});
      stream.cancel();
    }
    await nothingOpen();
  });

  it.runIf(engine === 'duckdb')(
    'serves 200 streams at once',
    async () => {
      const tables = await Promise.all(
        Array.from({ length: 200 }, () => client.get('{"dataset":"notes","limit":3000}')),
      );
      expect(new Set(tables.map(({ numRows }) => numRows))).toEqual(new Set([3000]));
      await nothingOpen();
    },
    60_000,
  );
});

describe('Arrow Flight', () => {
  it('takes no more bytes than MAX_UPLOAD_BYTES', async () => {
    const small = await startServer('memory', { env: { MAX_UPLOAD_BYTES: '2000' } });
    const own = new FlightClient(small.app.flightAddress ?? '');
    const texts = Array.from({ length: 500 }, (_, at) => `text ${at}`);
    await expect(own.put(await flightData({ text: texts }, ['notes']))).rejects.toMatchObject({ code: 8 });
    expect((await own.get('{"dataset":"notes"}')).numRows).toBe(0);
    own.close();
    await small.close();
  });

  it('asks for a token where the server has some, with the rights of REST', async () => {
    const closed = await startServer('memory', { env: { API_TOKENS: TOKENS } });
    const address = closed.app.flightAddress ?? '';
    const wanted = { type: DESCRIPTOR_PATH, path: ['notes'] };
    const clients = [null, 'wrong', '0123456789abcdef0'].map((token) => new FlightClient(address, token));
    const [nobody, stranger, reader] = clients as [FlightClient, FlightClient, FlightClient];
    await expect(nobody.unary('GetFlightInfo', wanted)).rejects.toMatchObject({ code: 16 });
    await expect(stranger.unary('GetFlightInfo', wanted)).rejects.toMatchObject({ code: 16 });
    await expect(nobody.get('{"dataset":"notes"}')).rejects.toMatchObject({ code: 16 });
    expect((await reader.get('{"dataset":"notes"}')).numRows).toBe(0);
    await expect(reader.put(await flightData({ text: ['x'] }, ['notes']))).rejects.toMatchObject({ code: 7 });
    for (const one of clients) one.close();
    await closed.close();
  });
});
