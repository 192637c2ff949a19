import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENGINES, startServer, type TestServer } from './support/server.ts';

const JSON_TYPE = { 'content-type': 'application/json' };

describe.each(ENGINES)('errors over %s', (engine) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer(engine, { env: { MAX_BODY_BYTES: '64KB' } });
  });
  afterAll(() => server.close());

  /** Sends bytes as they are and reads what comes back. */
  function raw(text: string): Promise<string> {
    const { hostname, port } = new URL(server.url);
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => socket.end(text));
      let answer = '';
      socket.setEncoding('utf8');
      socket.on('data', (chunk) => {
        answer += chunk;
      });
      socket.on('close', () => resolve(answer));
      socket.on('error', reject);
    });
  }

  test('every error is a problem of RFC 9457', async () => {
    const { status, headers, json } = await server.get('/records/nope/count');
    expect(status).toBe(404);
    expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(json).toEqual({
      type: '/docs/errors#unknown_dataset',
      title: 'There is no such dataset',
      status: 404,
      detail: expect.stringContaining('nope'),
      code: 'unknown_dataset',
      instance: '/api/v1/records/nope/count',
    });
    const page = await server.get('//docs/errors');
    expect(page.text).toContain('id="unknown_dataset"');
  });

  test.each([
    ['GET', '//nothing', 404, 'unknown_route'],
    ['GET', '/nothing/at/all', 404, 'unknown_route'],
    ['POST', '/schemas', 405, 'method_not_allowed'],
    ['PUT', '/records/wells', 405, 'method_not_allowed'],
    ['PATCH', '//health/live', 405, 'method_not_allowed'],
    ['DELETE', '/records/wells/count', 400, 'invalid_parameter'],
    ['GET', '/records', 405, 'method_not_allowed'],
  ])('%s %s is %d %s', async (method, path, status, code) => {
    const answer = await server.call(method, path);
    expect([answer.status, answer.json.code]).toEqual([status, code]);
    if (status === 405) expect(answer.headers.get('allow')).toMatch(/^[A-Z]+(, [A-Z]+)*$/);
  });

  test('OPTIONS tells what an address takes', async () => {
    const { status, headers } = await server.call('OPTIONS', '/records/wells');
    expect(status).toBe(204);
    expect(headers.get('allow')).toBe('DELETE, GET, HEAD, OPTIONS');
  });

  test('HEAD is GET without the body', async () => {
    const get = await server.get('/schemas/wells');
    const head = await server.call('HEAD', '/schemas/wells');
    expect([head.status, head.text]).toEqual([200, '']);
    expect(head.headers.get('content-length')).toBe(String(Buffer.byteLength(get.text)));
    expect((await server.call('HEAD', '/schemas/nope')).status).toBe(404);
  });

  test.each([
    ['', 'invalid_body'],
    ['{', 'invalid_body'],
    ['{"schema_name":"notes","data":{"text":"a"}} x', 'invalid_body'],
    ['nul', 'invalid_body'],
    ['{"schema_name":"notes","data":{"text":"\u0000"}}', 'invalid_body'],
    [`${'['.repeat(20_000)}`, 'invalid_body'],
  ])('the body %j is a 400', async (body, code) => {
    for (const path of ['/records', '/records/bulk', '/records/notes/query']) {
      const answer = await server.call('POST', path, { body, headers: JSON_TYPE });
      expect([answer.status, answer.json.code], path).toEqual([400, code]);
    }
  });

  test('a body that is no UTF-8 is a 400', async () => {
    const body = Buffer.concat([
      Buffer.from('{"schema_name":"notes","data":{"text":"'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"}}'),
    ]);
    const { status, json } = await server.call('POST', '/records', { body, headers: JSON_TYPE });
    expect([status, json.code]).toEqual([400, 'invalid_body']);
  });

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json; charset=utf-16',
    'nonsense',
  ])('a body of %s is a 415', async (type) => {
    const { status, json } = await server.call('POST', '/records', { body: '{}', headers: { 'content-type': type } });
    expect([status, json.code]).toEqual([415, 'unsupported_media_type']);
  });

  test('a body of no type at all is a 415', async () => {
    const { status, json } = await server.call('POST', '/records', { body: new Uint8Array([0x7b, 0x7d]) });
    expect([status, json.code]).toEqual([415, 'unsupported_media_type']);
  });

  test('a body past the limit is a 413, said or not', async () => {
    const body = JSON.stringify({ schema_name: 'notes', data: { text: 'x'.repeat(70_000) } });
    const said = await server.call('POST', '/records', { body, headers: JSON_TYPE });
    expect([said.status, said.json.code]).toEqual([413, 'too_large']);
    const chunks = new ReadableStream({
      start(stream) {
        stream.enqueue(new TextEncoder().encode(body));
        stream.close();
      },
    });
    const unsaid = await server.fetch('POST', '/records', { body: chunks, headers: JSON_TYPE, duplex: 'half' });
    expect(unsaid.status).toBe(413);
  });

  test('an Accept that cannot be met is a 406 before anything is done', async () => {
    const before = (await server.get('/records/notes/count')).json.count;
    const { status, json } = await server.post(
      '/records',
      { schema_name: 'notes', data: { text: 'a' } },
      { accept: 'text/html' },
    );
    expect([status, json.code]).toEqual([406, 'not_acceptable']);
    expect((await server.get('/records/notes/count')).json.count).toBe(before);
    for (const accept of ['application/*', 'text/html, */*;q=0.1', 'APPLICATION/JSON']) {
      expect((await server.get('/schemas', { accept })).status, accept).toBe(200);
    }
  });

  test('an address that is too long is a 414, headers that are too large a 431', async () => {
    const long = await server.get(`/records/wells?filters=${'x'.repeat(70_000)}`);
    expect([long.status, long.json.code]).toEqual([414, 'too_large']);
    const answer = await raw(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'y'.repeat(120_000)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect(answer).toContain('"code":"too_large"');
  });

  test.each(['/records/%zz', '/records/%ff', '/schemas/%00', '/records/wells/%C3', '/schemas/..%2f..%2fetc%2fpasswd'])(
    'the address %s is a 4xx',
    async (path) => {
      const answer = await raw(`GET /api/v1${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
      expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
      expect(answer).toContain('application/problem+json');
    },
  );

  test.each([
    'garbage\r\n\r\n',
    'GET / HTTP/9.9\r\n\r\n',
    'GET / HTTP/1.1\r\n\r\n',
    'FROB / HTTP/1.1\r\nHost: x\r\n\r\n',
  ])('the bytes %j are a 400', async (bytes) => {
    expect(await raw(bytes)).toMatch(/^HTTP\/1\.1 40[0-9] /);
  });

  test('an answer bears the id of its request', async () => {
    expect((await server.get('/schemas')).headers.get('x-request-id')).toMatch(/^[\w-]+$/);
    expect((await server.get('/schemas', { 'x-request-id': 'mine-1' })).headers.get('x-request-id')).toBe('mine-1');
    expect((await server.get('/schemas', { 'x-request-id': 'not mine' })).headers.get('x-request-id')).not.toBe(
      'not mine',
    );
  });

  test('no error shows SQL, a path or a stack', async () => {
    for (const text of ["'; DROP TABLE wells; --", '"; SELECT 1', '$1', '\\', '%', 'a".b']) {
      for (const path of [
        `/schemas/${encodeURIComponent(text)}`,
        `/records/${encodeURIComponent(text)}`,
        `/records/wells?sort=${encodeURIComponent(JSON.stringify([{ field: text }]))}`,
        `/records/wells?filters=${encodeURIComponent(JSON.stringify([{ field: text, operator: 'eq', value: 1 }]))}`,
        `/records/wells?fields=${encodeURIComponent(text)}`,
      ]) {
        const { status, json } = await server.get(path);
        expect([400, 404]).toContain(status);
        expect(
          JSON.stringify({ ...json, instance: '', detail: json.detail.replaceAll(text, ''), errors: '' }),
        ).not.toMatch(/SELECT|node_modules|\.ts|at \w+ \(/);
      }
    }
    expect((await server.get('/schemas')).json).toHaveLength(6);
  });
});
