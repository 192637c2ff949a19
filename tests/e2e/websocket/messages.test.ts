import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ENGINES, startServer, type TestServer } from '../rest/support/server.ts';
import { Client } from './client.ts';

describe.each(ENGINES)('WebSocket on %s', (engine) => {
  let server: TestServer;
  let client: Client;
  beforeAll(async () => {
    server = await startServer(engine);
  });
  afterAll(() => server.close());
  afterEach(async () => {
    await client.close();
    for (const schema of ['wells', 'notes', 'every']) await server.clear(schema);
  });

  const connect = async () => {
    client = await Client.open(server.url);
    return client;
  };

  test('greets, and answers a ping', async () => {
    client = new Client(server.url);
    expect(await client.next()).toEqual({ type: 'hello', version: server.app.version, caller: 'local' });
    client.say({ type: 'ping' });
    expect(await client.next()).toEqual({ type: 'pong' });
  });

  test('stores a row, and rows, and acknowledges each', async () => {
    const { say, next } = bound(await connect());
    say({ type: 'insert', id: 'a', schema_name: 'notes', data: { text: 'one', rank: 1 } });
    const one = await next('inserted', 'a');
    expect(one).toMatchObject({ records_created: 1, records_updated: 0, records_ignored: 0 });
    expect(one.records[0]).toMatchObject({
      schema_name: 'notes',
      version: 1,
      data: { text: 'one', rank: 1, tag: null },
    });
    say({ type: 'insert', id: 'b', schema_name: 'notes', data: [{ text: 'two' }, { text: 'three' }] });
    const { records } = await next('inserted', 'b');
    for (const record of [one.records[0], ...records]) {
      expect((await server.get(`/records/notes/${record.id}`)).json).toEqual(record);
    }
  });

  test('upserts by on_conflict, and stores all rows or none', async () => {
    const { say, next } = bound(await connect());
    const well = { field_code: 1, well_code: 'A', oil: 1 };
    await server.create('wells', well);
    say({ type: 'insert', id: 'u', schema_name: 'wells', data: { ...well, oil: 2 }, on_conflict: 'update' });
    expect(await next('inserted', 'u')).toMatchObject({ records_created: 0, records_updated: 1 });
    say({ type: 'insert', id: 'e', schema_name: 'wells', data: [{ field_code: 2, well_code: 'B' }, well] });
    expect((await next('error', 'e')).error).toMatchObject({ code: 'key_exists' });
    expect((await server.get('/records/wells/count')).json.count).toBe(1);
  });

  test('a repeated idempotency key stores nothing twice, and refuses another body', async () => {
    const { say, next } = bound(await connect());
    const asked = { type: 'insert', schema_name: 'notes', data: { text: 'once' }, idempotency_key: 'k1' };
    say({ ...asked, id: '1' });
    const { id: _, ...first } = await next('inserted', '1');
    say({ ...asked, id: '2' });
    expect(await next('inserted', '2')).toEqual({ ...first, id: '2' });
    say({ ...asked, id: '3', data: { text: 'other' } });
    expect((await next('error', '3')).error.code).toBe('idempotency_mismatch');
    expect((await server.get('/records/notes/count')).json.count).toBe(1);
  });

  test('queries give the rows of the REST stream to the letter, values exact', async () => {
    const values =
      '{"text":"line\\nend","big":9007199254740993,"int":-5,"small":7,"double":0.1,"price":7.25,"flag":true,' +
      '"day":"2024-02-29","time":"01:02:03.5","moment":"1969-12-31T23:59:59.000001Z",' +
      '"ref":"0190a6c2-1b7e-7cc3-9d2f-5e8f3c1a2b4d","list":[1,{"a":null}],"extra":{"z":1.50,"a":2}}';
    const stored = await server.call('POST', '/records', {
      headers: { 'content-type': 'application/json' },
      body: `{"schema_name":"every","data":${values}}`,
    });
    expect(stored.status).toBe(201);
    for (let big = 0; big < 1500; big++) if (big % 500 === 0) await server.create('every', { big });
    const { say, rows } = bound(await connect());
    const asks: Record<string, unknown>[] = [
      {},
      { filters: [{ field: 'big', operator: 'gt', value: 400 }], sort: [{ field: 'big', order: 'desc' }] },
      { fields: ['text', 'price'], limit: 1 },
      { filters: [{ field: 'big', operator: 'lt', value: -1 }] },
    ];
    for (const [at, asked] of asks.entries()) {
      say({ type: 'query', id: `q${at}`, schema_name: 'every', ...asked });
      const address = new URLSearchParams(
        Object.entries(asked).map(([name, value]) => [name, name === 'fields' ? String(value) : JSON.stringify(value)]),
      );
      const stream = await server.get(`/records/every/stream?${address}`);
      expect((await rows(`q${at}`)).join(',')).toBe(stream.text.trimEnd().replaceAll('\n', ','));
    }
  });

  test('tells changes from now on, by a filter, and behind a number', async () => {
    const { say, next, changes } = bound(await connect());
    const before = await server.create('notes', { text: 'before', rank: 1 });
    say({ type: 'subscribe', id: 'all', schema_name: 'notes' });
    const { since } = await next('subscribed', 'all');
    say({
      type: 'subscribe',
      id: 'high',
      schema_name: 'notes',
      filters: [{ field: 'rank', operator: 'gt', value: 5 }],
    });
    await next('subscribed', 'high');
    await server.call('PATCH', `/records/notes/${before.id}`, { json: { data: { rank: 9 } } });
    await server.call('PATCH', `/records/notes/${before.id}`, { json: { data: { rank: 8 } } });
    await server.call('PATCH', `/records/notes/${before.id}`, { json: { data: { rank: 2 } } });
    await server.call('DELETE', `/records/notes/${before.id}`);
    expect((await changes('all', 4)).map(({ event, op, version }) => [event, op, version])).toEqual([
      ['change', 'update', 2],
      ['change', 'update', 3],
      ['change', 'update', 4],
      ['leave', 'delete', 5],
    ]);
    expect((await changes('high', 3)).map(({ event, data }) => [event, data.rank])).toEqual([
      ['enter', 9],
      ['change', 8],
      ['leave', 2],
    ]);
    say({ type: 'subscribe', id: 'past', schema_name: 'notes', since });
    const { json } = await server.get(`/records/notes/changes?since=${since}`);
    const told = await changes('past', 4);
    expect(told.map(({ event: _, ...change }) => change)).toEqual(json.changes);
  });

  test('a live query has its rows first, then what enters, changes and leaves', async () => {
    const { say, next, changes } = bound(await connect());
    const high = await server.create('notes', { text: 'high', rank: 7 });
    const low = await server.create('notes', { text: 'low', rank: 1 });
    const filters = [{ field: 'rank', operator: 'gte', value: 5 }];
    say({ type: 'live', id: 'l', schema_name: 'notes', filters, sort: [{ field: 'rank', order: 'desc' }] });
    expect(await next('rows', 'l')).toEqual({ type: 'rows', id: 'l', more: false, rows: [high] });
    await server.call('PATCH', `/records/notes/${low.id}`, { json: { data: { rank: 6 } } });
    await server.call('PATCH', `/records/notes/${high.id}`, { json: { data: { rank: 8 } } });
    await server.call('DELETE', `/records/notes/${low.id}`);
    expect((await changes('l', 3)).map(({ event, id }) => [event, id])).toEqual([
      ['enter', low.id],
      ['change', high.id],
      ['leave', low.id],
    ]);
  });

  test('cancel ends a subscription and a query; the id is free again', async () => {
    const { say, next } = bound(await connect());
    for (let round = 0; round < 2; round++) {
      say({ type: 'subscribe', id: 'x', schema_name: 'notes' });
      await next('subscribed', 'x');
      say({ type: 'cancel', id: 'x' });
      expect(await next('done', 'x')).toEqual({ type: 'done', id: 'x', cancelled: true });
    }
    say({ type: 'cancel', id: 'nobody' });
    say({ type: 'ping' });
    await next('pong');
    await expect.poll(async () => (await server.get('//metrics')).text).toMatch(/^data_forge_feeds 0$/m);
  });

  test.each([
    ['not JSON', 'hello', 'invalid_body', null],
    ['no object', '[1]', 'invalid_body', null],
    ['an unknown type', '{"type":"shout"}', 'invalid_body', null],
    ['an unknown member', '{"type":"ping","loud":true}', 'invalid_body', null],
    ['a member twice', '{"type":"query","id":"a","id":"b"}', 'invalid_body', 'b'],
    ['no id', '{"type":"subscribe","schema_name":"notes"}', 'invalid_body', null],
    ['a long id', `{"type":"cancel","id":"${'x'.repeat(65)}"}`, 'invalid_body', null],
    ['no dataset', '{"type":"subscribe","id":"d"}', 'invalid_body', 'd'],
    ['an unknown dataset', '{"type":"live","id":"d","schema_name":"none"}', 'unknown_dataset', 'd'],
    [
      'a bad filter',
      '{"type":"query","id":"d","schema_name":"notes","filters":[{"field":"x"}]}',
      'invalid_filter',
      'd',
    ],
    ['a bad sort', '{"type":"live","id":"d","schema_name":"notes","sort":[{"field":"x"}]}', 'invalid_sort', 'd'],
    ['a bad limit', '{"type":"query","id":"d","schema_name":"notes","limit":-1}', 'invalid_parameter', 'd'],
    ['the future', '{"type":"subscribe","id":"d","schema_name":"notes","since":1e9}', 'invalid_parameter', 'd'],
    ['two kinds of query', '{"type":"query","id":"d","schema_name":"notes","sql":"SELECT 1"}', 'invalid_body', 'd'],
    ['no row', '{"type":"insert","id":"d","schema_name":"notes"}', 'invalid_body', 'd'],
    ['a bad value', '{"type":"insert","id":"d","schema_name":"notes","data":{"text":1}}', 'invalid_value', 'd'],
    [
      'a bad policy',
      '{"type":"insert","id":"d","schema_name":"notes","data":{"text":"a"},"on_conflict":"?"}',
      'invalid_parameter',
      'd',
    ],
    [
      'a bad key',
      '{"type":"insert","id":"d","schema_name":"notes","data":{"text":"a"},"idempotency_key":"a b"}',
      'invalid_parameter',
      'd',
    ],
  ])('%s is answered with an error, and the connection stays', async (_, text, code, id) => {
    const { say, next } = bound(await connect());
    say(text);
    const answer = await next('error');
    expect(answer).toMatchObject({ id, error: { code } });
    expect(answer.error.detail.length).toBeGreaterThan(10);
    say({ type: 'ping' });
    await next('pong');
  });

  test('an id that is under way, and a binary frame, are refused', async () => {
    const { say, next } = bound(await connect());
    say({ type: 'subscribe', id: 'x', schema_name: 'notes' });
    await next('subscribed', 'x');
    say({ type: 'query', id: 'x', schema_name: 'notes' });
    expect((await next('error', 'x')).error.code).toBe('invalid_parameter');
    client.socket.send(Buffer.from('{"type":"ping"}'), { binary: true });
    expect((await next('error')).error.code).toBe('invalid_body');
  });
});

test('SQL over WebSocket: rows with exact values, parameters, the same sandbox', async () => {
  const server = await startServer('duckdb');
  try {
    await server.create('notes', { text: 'a', rank: 1 });
    const client = await Client.open(server.url);
    client.say({
      type: 'query',
      id: 'q',
      sql: 'SELECT text, 9007199254740993 AS big, $1 AS p FROM notes',
      params: ['x'],
    });
    expect(await client.rows('q')).toEqual(['{"text":"a","big":9007199254740993,"p":"x"}']);
    client.say({ type: 'query', id: 'bad', sql: "SELECT * FROM read_csv('/etc/passwd')" });
    expect((await client.next('error', 'bad')).error.code).toBe('invalid_sql');
    await client.close();
  } finally {
    await server.close();
  }
});

function bound(client: Client) {
  return {
    say: client.say.bind(client),
    next: client.next.bind(client),
    changes: client.changes.bind(client),
    rows: client.rows.bind(client),
  };
}
