import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENGINES, startServer, type TestServer } from './support/server.ts';

describe.each(ENGINES)('Idempotency-Key over %s', (engine) => {
  let server: TestServer;
  let count = 0;
  beforeAll(async () => {
    server = await startServer(engine, {
      env: { API_TOKENS: 'ann:secret-of-ann:write,bob:secret-of-bob:write' },
    });
  });
  afterAll(() => server.close());

  const ann = { authorization: 'Bearer secret-of-ann' };
  const bob = { authorization: 'Bearer secret-of-bob' };
  const newKey = () => `key-${++count}`;
  const body = (text: string) => ({ schema_name: 'notes', data: { text } });
  const total = async () => (await server.get('/records/notes/count', ann)).json.count;

  test('a repeat gets the first answer and stores nothing twice', async () => {
    const headers = { ...ann, 'idempotency-key': newKey() };
    const before = await total();
    const first = await server.post('/records', body('a'), headers);
    const again = await server.post('/records', body('a'), headers);
    expect(first.status).toBe(201);
    expect([again.status, again.text, again.headers.get('etag')]).toEqual([201, first.text, '"1"']);
    expect(await total()).toBe(before + 1);
  });

  test('the same for bulk, small and large, and for uploads', async () => {
    const before = await total();
    const rows = (length: number) => Array.from({ length }, (_, index) => ({ text: `row ${index}` }));
    for (const length of [2, 1200]) {
      const headers = { ...ann, 'idempotency-key': newKey() };
      const data = { schema_name: 'notes', data: rows(length) };
      const first = await server.post('/records/bulk', data, headers);
      const again = await server.post('/records/bulk', data, headers);
      expect([again.status, again.text]).toEqual([201, first.text]);
    }
    const headers = { ...ann, 'idempotency-key': newKey(), 'content-type': 'application/x-ndjson' };
    const send = (text: string) => server.call('POST', '/records/notes/bulk', { body: text, headers });
    const first = await send('{"text":"x"}\n{"text":"y"}\n');
    const again = await send('{"text":"x"}\n{"text":"y"}\n');
    expect([first.status, again.status, again.text]).toEqual([201, 201, first.text]);
    expect((await send('{"text":"x"}\n')).json.code).toBe('idempotency_mismatch');
    expect(await total()).toBe(before + 2 + 1200 + 2);
  });

  test('repeats that come while the first runs wait for it', async () => {
    const headers = { ...ann, 'idempotency-key': newKey() };
    const before = await total();
    const answers = await Promise.all(Array.from({ length: 12 }, () => server.post('/records', body('b'), headers)));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(await total()).toBe(before + 1);
  });

  test('another body is a 409', async () => {
    const headers = { ...ann, 'idempotency-key': newKey() };
    await server.post('/records', body('a'), headers);
    const { status, json } = await server.post('/records', body('b'), headers);
    expect([status, json.code]).toEqual([409, 'idempotency_mismatch']);
  });

  test('caller, path and query string are part of the scope', async () => {
    const key = newKey();
    const before = await total();
    const one = await server.post('/records', body('a'), { ...ann, 'idempotency-key': key });
    const two = await server.post('/records', body('a'), { ...bob, 'idempotency-key': key });
    const three = await server.post('/records?on_conflict=error', body('a'), { ...ann, 'idempotency-key': key });
    expect(new Set([one, two, three].map(({ json }) => json.record.id)).size).toBe(3);
    expect(await total()).toBe(before + 3);
  });

  test('what failed is not kept', async () => {
    const headers = { ...ann, 'idempotency-key': newKey() };
    expect((await server.post('/records', { schema_name: 'notes', data: { text: 5 } }, headers)).status).toBe(400);
    expect((await server.post('/records', body('good'), headers)).status).toBe(201);
  });

  test.each(['', 'a b', 'x'.repeat(256), 'ä'])('the key %j is a 400', async (key) => {
    const { status } = await server.post('/records', body('a'), {
      ...ann,
      'idempotency-key': encodeURIComponent(key) === key ? key : key.replace('ä', '\u00e4'),
    });
    expect(status).toBe(400);
  });
});
