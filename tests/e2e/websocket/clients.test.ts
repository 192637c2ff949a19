import { connect } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { WebSocket as WsSocket } from 'ws';
import { startServer, type TestServer } from '../rest/support/server.ts';
import { Client } from './client.ts';

let server: TestServer;
afterEach(() => server.close());

/** A figure of the server as its metrics have it. */
async function figure(name: string): Promise<number> {
  const { text } = await server.get('//metrics', token);
  return Number(new RegExp(`^data_forge_${name} (\\d+)$`, 'm').exec(text)?.[1]);
}
let token: Record<string, string> = {};

/** The status of an answer to a request to leave HTTP, made by hand. */
function upgrade(path: string, headers: Record<string, string>): Promise<string> {
  const { host, hostname, port } = new URL(server.url);
  const all = {
    Host: host,
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    ...headers,
  };
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
      if (!/^HTTP\/1.1 101/.test(text) || !text.includes('\r\n\r\n')) return;
      socket.destroy();
    });
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
  });
}

describe('who may connect', () => {
  const env = { API_TOKENS: 'reader:secret-of-reader:read,writer:secret-of-writer:write' };
  const reader = { authorization: 'Bearer secret-of-reader' };

  test('a token comes with the request, or with the first message', async () => {
    server = await startServer('memory', { env });
    token = reader;
    const withHeader = new Client(server.url, { headers: reader });
    expect(await withHeader.next('hello')).toMatchObject({ caller: 'reader' });
    const client = new Client(server.url);
    expect(await client.next('hello')).toMatchObject({ caller: null });
    client.say({ type: 'subscribe', id: 's', schema_name: 'notes' });
    expect((await client.next('error', 's')).error.code).toBe('unauthorized');
    client.say({ type: 'authenticate', token: 'secret-of-reader' });
    expect(await client.next('authenticated')).toEqual({ type: 'authenticated', caller: 'reader', right: 'read' });
    client.say({ type: 'insert', id: 'i', schema_name: 'notes', data: { text: 'no' } });
    expect((await client.next('error', 'i')).error.code).toBe('forbidden');
    client.say({ type: 'authenticate', token: 'secret-of-writer' });
    await client.next('authenticated');
    client.say({ type: 'insert', id: 'i', schema_name: 'notes', data: { text: 'yes' } });
    await client.next('inserted', 'i');
    await Promise.all([client.close(), withHeader.close()]);
  });

  test('a wrong token ends the connection, in the header and in a message', async () => {
    server = await startServer('memory', { env });
    token = reader;
    expect(await upgrade('/ws', { Authorization: 'Bearer wrong' })).toMatch(/^HTTP\/1.1 401 .*"unauthorized"/s);
    const client = await Client.open(server.url);
    client.say({ type: 'authenticate', token: 'wrong' });
    const closed = client.closed();
    expect((await client.next('error')).error.code).toBe('unauthorized');
    expect(await closed).toMatchObject({ code: 1008 });
    expect(JSON.stringify(client.texts)).not.toContain('secret-of');
  });

  test('pages elsewhere, foreign names and other paths are refused before anything is said', async () => {
    server = await startServer('memory');
    token = {};
    expect(await upgrade('/ws', { Origin: 'https://evil.example' })).toMatch(/^HTTP\/1.1 403 .*"forbidden"/s);
    expect(await upgrade('/ws', { Host: 'evil.example' })).toMatch(/^HTTP\/1.1 403 .*"forbidden"/s);
    expect(await upgrade('/other', {})).toMatch(/^HTTP\/1.1 404 .*"unknown_route"/s);
    expect(await upgrade('/ws', { Origin: server.url })).toMatch(/^HTTP\/1.1 101/);
    expect(await upgrade('/ws?x=1', {})).toMatch(/^HTTP\/1.1 101/);
  });

  test('PROTOCOLS without websocket has none', async () => {
    server = await startServer('memory', { env: { PROTOCOLS: 'rest' } });
    const socket = new WsSocket(`${server.url.replace('http', 'ws')}/ws`);
    const failed = await new Promise<Error>((resolve) => socket.once('error', resolve));
    expect(failed.message).toMatch(/404/);
    expect((await server.get('//asyncapi.json')).status).toBe(404);
  });
});

describe('limits', () => {
  test('so many clients, so many operations, so large a message', async () => {
    server = await startServer('memory', {
      env: { WS_MAX_CONNECTIONS: '2', WS_MAX_OPERATIONS: '2', WS_MAX_MESSAGE_BYTES: '1KB' },
    });
    token = {};
    const client = await Client.open(server.url);
    const other = await Client.open(server.url);
    expect(await upgrade('/ws', {})).toMatch(/^HTTP\/1.1 429 .*"too_many_requests"/s);
    for (const id of ['1', '2']) {
      client.say({ type: 'subscribe', id, schema_name: 'notes' });
      await client.next('subscribed', id);
    }
    client.say({ type: 'subscribe', id: '3', schema_name: 'notes' });
    expect((await client.next('error', '3')).error.code).toBe('too_many_requests');
    const closed = other.closed();
    other.say({ type: 'query', id: 'x'.repeat(2000) });
    expect(await closed).toMatchObject({ code: 1009 });
    await client.close();
    await vi.waitFor(async () => expect(await figure('websocket_clients')).toBe(0), { timeout: 10_000 });
  });

  test('who asks for nothing is closed, who follows is not', async () => {
    server = await startServer('memory', { env: { WS_IDLE_MS: '300' } });
    const follower = await Client.open(server.url);
    follower.say({ type: 'subscribe', id: 's', schema_name: 'notes' });
    await follower.next('subscribed', 's');
    const idle = await Client.open(server.url);
    expect(await idle.closed()).toMatchObject({ code: 1000 });
    await server.create('notes', { text: 'still there' });
    expect(await follower.changes('s', 1)).toHaveLength(1);
    await follower.close();
  }, 20_000);
});

describe('clients that are slow, or vanish', () => {
  const text = 'x'.repeat(1000);
  const fill = async (rows: number) => {
    const lines = Array.from({ length: rows }, (_, rank) => `{"text":"${text}","rank":${rank}}\n`).join('');
    await server.call('POST', '/records/notes/bulk', {
      body: lines,
      headers: { 'content-type': 'application/x-ndjson' },
    });
  };

  test('a reader that does not read is held back, then dropped, while others go on', async () => {
    server = await startServer('duckdb', { env: { WS_SLOW_READER_MS: '1500' } });
    token = {};
    await fill(40_000);
    const slow = await Client.open(server.url);
    const quick = await Client.open(server.url);
    slow.socket.pause();
    slow.say({ type: 'query', id: 'q', schema_name: 'notes' });
    await vi.waitFor(async () => expect(await figure('streams')).toBe(1), { timeout: 10_000 });
    quick.say({ type: 'query', id: 'q', schema_name: 'notes', limit: 10 });
    await quick.rows('q');
    await vi.waitFor(async () => expect(await figure('websocket_dropped')).toBe(1), { timeout: 15_000 });
    await vi.waitFor(async () => expect(await figure('streams')).toBe(0), { timeout: 15_000 });
    await vi.waitFor(async () => expect(await figure('websocket_clients')).toBe(1), { timeout: 15_000 });
    quick.say({ type: 'ping' });
    await quick.next('pong');
    slow.socket.terminate();
    await quick.close();
  }, 40_000);

  test('who vanishes leaves nothing behind: no query, no subscription, no client', async () => {
    server = await startServer('duckdb');
    token = {};
    await fill(20_000);
    const clients = await Promise.all(Array.from({ length: 10 }, () => Client.open(server.url)));
    for (const client of clients) {
      client.say({ type: 'subscribe', id: 's', schema_name: 'notes' });
      client.say({ type: 'live', id: 'l', schema_name: 'wells' });
      client.say({ type: 'query', id: 'q', schema_name: 'notes' });
      client.say({ type: 'query', id: 'sql', sql: 'SELECT * FROM range(100000000)' });
      await client.next('subscribed', 's');
      await client.next('rows');
    }
    expect(await figure('feeds')).toBe(20);
    for (const client of clients) client.socket.terminate();
    for (const name of [
      'websocket_clients',
      'websocket_operations',
      'feeds',
      'streams',
      'sql_queries',
      'gate_running',
    ]) {
      await vi.waitFor(async () => expect(await figure(name), name).toBe(0), { timeout: 10_000 });
    }
  }, 40_000);

  test('who floods without reading is listened to later, and answered in full', async () => {
    server = await startServer('memory');
    token = {};
    const client = await Client.open(server.url);
    for (let at = 0; at < 20_000; at++) client.say({ type: 'ping' });
    for (let at = 0; at < 500; at++)
      client.say({ type: 'insert', id: `${at}`, schema_name: 'notes', data: { text: `${at}` } });
    for (let at = 0; at < 500; at++) await client.next('inserted', `${at}`);
    expect((await server.get('/records/notes/count')).json.count).toBe(500);
    expect(client.texts.filter((message) => message === '{"type":"pong"}')).toHaveLength(20_000);
    await client.close();
  }, 40_000);
});

test('a stopping server says so, when what runs has ended', async () => {
  server = await startServer('memory');
  const client = await Client.open(server.url);
  client.say({ type: 'subscribe', id: 's', schema_name: 'notes' });
  await client.next('subscribed', 's');
  client.say({ type: 'insert', id: 'i', schema_name: 'notes', data: { text: 'last words' } });
  await client.next('inserted', 'i');
  const closed = client.closed();
  const stopped = server.app.close(5000);
  expect(await client.next('done', 's')).toEqual({ type: 'done', id: 's' });
  expect(await closed).toMatchObject({ code: 1001 });
  await stopped;
});

test('whatever is sent, each message is answered and the connection stays', async () => {
  server = await startServer('memory');
  const client = await Client.open(server.url);
  const member = fc.constantFrom(
    'type',
    'id',
    'schema_name',
    'filters',
    'sort',
    'fields',
    'since',
    'limit',
    'sql',
    'data',
  );
  const value = fc.oneof(fc.constantFrom('notes', 'query', 'subscribe', 'live', 'insert', 'x'), fc.jsonValue());
  const message = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json(),
    fc.dictionary(member, value).map((object) => JSON.stringify(object)),
    fc
      .tuple(fc.constantFrom('query', 'subscribe', 'live', 'insert'), fc.dictionary(member, value))
      .map(([type, object]) => JSON.stringify({ ...object, type, id: 'f', schema_name: 'notes' })),
  );
  await fc.assert(
    fc.asyncProperty(message, async (text) => {
      client.say(text);
      client.say({ type: 'cancel', id: 'f' });
      client.say({ type: 'ping' });
      await client.next('pong');
      for (const answer of client.texts.splice(0)) expect(answer).not.toContain('"internal"');
    }),
    { numRuns: 500 },
  );
  await client.close();
}, 60_000);
