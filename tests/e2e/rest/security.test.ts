import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startServer, type TestServer } from './support/server.ts';

/** `fetch` sets Host itself; undici lets a test do it. */
async function call(
  server: TestServer,
  path: string,
  headers: Record<string, string>,
  method: 'GET' | 'POST' | 'OPTIONS' = 'GET',
) {
  const body = method === 'POST' ? '{"schema_name":"notes","data":{"text":"a"}}' : null;
  const type = method === 'POST' ? { 'content-type': 'application/json' } : {};
  const answer = await request(server.urlOf(path), { method, headers: { ...type, ...headers }, body });
  const text = await answer.body.text();
  return {
    status: answer.statusCode,
    headers: answer.headers,
    json: /json/.test(String(answer.headers['content-type'])) ? JSON.parse(text) : text,
  };
}

describe('a server without tokens', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer('memory');
  });
  afterAll(() => server.close());

  test.each(['localhost', '127.0.0.1:8080', '[::1]:1', 'LOCALHOST:80'])('answers to the name %s', async (host) => {
    expect((await call(server, '/schemas', { host })).status).toBe(200);
  });

  test.each(['evil.example', 'localhost.evil.example', '127.0.0.1.nip.io:8080', '192.168.1.1'])(
    'does not answer to %s',
    async (host) => {
      const { status, json } = await call(server, '/schemas', { host });
      expect([status, json.code]).toEqual([403, 'forbidden']);
    },
  );

  test.each(['https://evil.example', 'null', 'http://localhost:1', 'http://localhost.evil.example'])(
    'a page from %s may neither read nor write',
    async (origin) => {
      const before = (await server.get('/records/notes/count')).json.count;
      for (const method of ['GET', 'POST', 'OPTIONS'] as const) {
        const { status, headers } = await call(server, method === 'POST' ? '/records' : '/schemas', { origin }, method);
        expect(status).toBe(403);
        expect(headers['access-control-allow-origin']).toBeUndefined();
      }
      expect((await server.get('/records/notes/count')).json.count).toBe(before);
    },
  );

  test('a page of its own may', async () => {
    expect((await call(server, '/schemas', { origin: server.url })).status).toBe(200);
  });
});

describe('a server with tokens', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer('memory', {
      env: {
        API_TOKENS: 'reader:secret-for-reading:read,writer:secret:with:colons:write,boss:secret-of-boss:admin',
        CORS_ORIGINS: 'https://app.example',
        ALLOWED_HOSTS: 'data.example',
      },
    });
  });
  afterAll(() => server.close());

  const as = (secret: string) => ({ authorization: `Bearer ${secret}` });
  const reader = as('secret-for-reading');
  const writer = as('secret:with:colons');
  const boss = as('secret-of-boss');
  const row = { schema_name: 'notes', data: { text: 'a' } };

  test('without a token, or with a wrong one, it is a 401', async () => {
    for (const headers of [
      {},
      as('wrong'),
      as(''),
      { authorization: 'Bearer' },
      { authorization: 'secret-for-reading' },
      as('SECRET-FOR-READING'),
    ]) {
      const { status, json, headers: answered } = await server.get('/schemas', headers as Record<string, string>);
      expect([status, json.code]).toEqual([401, 'unauthorized']);
      expect(answered.get('www-authenticate')).toMatch(/^Bearer/);
    }
    expect((await server.get('//metrics')).status).toBe(401);
    expect((await server.get('//openapi.json')).headers.get('www-authenticate')).toMatch(/^Basic/);
  });

  test('health, the root and the pages answer anybody', async () => {
    for (const path of ['//', '//health/live', '//health/ready', '//docs/errors', '//docs']) {
      expect((await server.get(path)).status, path).toBe(200);
    }
  });

  test('each right holds those before it', async () => {
    expect((await server.get('/schemas', reader)).status).toBe(200);
    const refused = await server.post('/records', row, reader);
    expect([refused.status, refused.json.code]).toEqual([403, 'forbidden']);
    expect((await server.call('DELETE', '/records/notes?all=true', { headers: reader })).status).toBe(403);
    expect((await server.post('/records/bulk', { schema_name: 'notes', data: [{ text: 'a' }] }, reader)).status).toBe(
      403,
    );
    expect(
      (
        await server.call('POST', '/records/notes/bulk', {
          body: '{"text":"a"}',
          headers: { ...reader, 'content-type': 'application/x-ndjson' },
        })
      ).status,
    ).toBe(403);
    expect((await server.post('/records', row, writer)).status).toBe(201);
    expect((await server.get('/schemas', writer)).status).toBe(200);
    expect((await server.post('/admin/reload', {}, writer)).status).toBe(403);
    expect((await server.post('/admin/reload', {}, boss)).status).toBe(200);
    expect((await server.post('/records', row, boss)).status).toBe(201);
  });

  test('a browser may send the token as the password of Basic', async () => {
    const basic = { authorization: `Basic ${Buffer.from('me:secret-for-reading').toString('base64')}` };
    expect((await server.get('//openapi.json', basic)).status).toBe(200);
  });

  test('a page of a configured origin may call, and is told so', async () => {
    const origin = 'https://app.example';
    const asked = await call(server, '/records', { origin, 'access-control-request-method': 'POST' }, 'OPTIONS');
    expect(asked.status).toBe(204);
    expect(asked.headers['access-control-allow-origin']).toBe(origin);
    expect(asked.headers['access-control-allow-methods']).toContain('POST');
    expect(asked.headers['access-control-allow-headers']).toContain('Idempotency-Key');
    const answered = await call(server, '/schemas', { origin, ...reader });
    expect([answered.status, answered.headers['access-control-allow-origin']]).toEqual([200, origin]);
    expect((await call(server, '/schemas', { origin: 'https://other.example', ...reader })).status).toBe(403);
  });

  test('a configured host name may be called', async () => {
    expect((await call(server, '/schemas', { host: 'data.example', ...reader })).status).toBe(200);
    expect((await call(server, '/schemas', { host: 'other.example', ...reader })).status).toBe(403);
  });
});
