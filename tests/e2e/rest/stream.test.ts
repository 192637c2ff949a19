import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { tableFromIPC } from 'apache-arrow';
import { request as undiciRequest } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ODD } from './support/datasets.ts';
import { ENGINES, startServer, type TestServer } from './support/server.ts';

const COUNT = 30_000;
const q = (value: unknown) => encodeURIComponent(JSON.stringify(value));

describe.each(ENGINES)('streams over %s', (engine) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer(engine, { env: { MAX_STREAMS: '3' } });
    const line = (index: number) =>
      `{"field_code":${index},"well_code":"A,\\"b\\"","oil":${index % 3 === 0 ? 'null' : '0.2500'}}\n`;
    const body = Array.from({ length: COUNT }, (_, index) => line(index)).join('');
    const { status } = await server.call('POST', '/records/wells/bulk', {
      body,
      headers: { 'content-type': 'application/x-ndjson' },
    });
    expect(status).toBe(201);
  });
  afterAll(() => server.close());

  const stream = (query = '', accept?: string) =>
    server.get(`/records/wells/stream${query}`, accept === undefined ? {} : { accept });

  test('NDJSON is a whole record a line, the same as by id', async () => {
    const { status, headers, text } = await stream();
    expect([status, headers.get('content-type')]).toEqual([200, 'application/x-ndjson; charset=utf-8']);
    const lines = text.trimEnd().split('\n');
    expect(lines).toHaveLength(COUNT);
    const records = lines.map((line) => JSON.parse(line));
    expect(new Set(records.map((record) => record.id)).size).toBe(COUNT);
    const one = await server.get(`/records/wells/${records[1].id}`);
    expect(one.text).toBe(lines[1]);
    expect(lines[1]).toContain('"oil":0.2500');
  });

  test('filters, sort, fields and limit', async () => {
    const filters = [{ field: 'field_code', operator: 'lt', value: 100 }];
    const { text } = await stream(
      `?filters=${q(filters)}&sort=${q([{ field: 'field_code', order: 'desc' }])}&fields=field_code&limit=5`,
    );
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).data),
    ).toEqual([99, 98, 97, 96, 95].map((code) => ({ field_code: code })));
    expect((await stream('?limit=0')).text).toBe('');
    expect((await stream('?limit=x')).status).toBe(400);
    expect((await stream('?sort=x')).json.code).toBe('invalid_sort');
    expect((await stream('?filters=[1]')).json.code).toBe('invalid_filter');
    expect((await server.get('/records/nope/stream')).status).toBe(404);
  });

  test('shape=flat is the columns of the other formats', async () => {
    const { text } = await stream('?shape=flat&limit=1');
    expect(Object.keys(JSON.parse(text))).toEqual([
      'id',
      'field_code',
      'well_code',
      'oil',
      'days',
      'status',
      'created_at',
      'updated_at',
      'version',
    ]);
    expect((await stream('?shape=round')).status).toBe(400);
    expect((await stream('?shape=record', 'text/csv')).status).toBe(400);
  });

  test('where a property has the name of a system field, the column is called _id and so on', async () => {
    await server.create(decodeURIComponent(ODD), { id: 1, Version: 'v' });
    const { text } = await server.get(`/records/${ODD}/stream?shape=flat`);
    expect(Object.keys(JSON.parse(text))).toEqual([
      '_id',
      'id',
      'Version',
      'a "quoted" näme',
      'data',
      'created_at',
      'updated_at',
      '_version',
    ]);
    const csv = await server.get(`/records/${ODD}/stream`, { accept: 'text/csv' });
    expect(csv.text.split('\n')[0]?.trimEnd()).toBe(
      '_id,id,Version,"a ""quoted"" näme",data,created_at,updated_at,_version',
    );
  });

  test('CSV: a header, quotes where needed, nothing for null', async () => {
    const { headers, text } = await stream('?limit=2', 'text/csv');
    expect(headers.get('content-type')).toMatch(/^text\/csv; charset=utf-8/);
    const lines = text.trimEnd().split(/\r?\n/);
    expect(lines[0]).toBe('id,field_code,well_code,oil,days,status,created_at,updated_at,version');
    expect(lines[1]).toMatch(/^[0-9a-f-]{36},0,"A,""b""",,,open,.*Z,.*Z,1$/);
    expect(lines[2]).toContain(',0.2500,');
  });

  test('Arrow', async () => {
    const response = await server.fetch('GET', '/records/wells/stream', {
      headers: { accept: 'application/vnd.apache.arrow.stream' },
    });
    expect(response.headers.get('content-type')).toBe('application/vnd.apache.arrow.stream');
    const table = tableFromIPC(new Uint8Array(await response.arrayBuffer()));
    expect(table.numRows).toBe(COUNT);
    expect(table.schema.fields.map((field) => field.name)).toEqual([
      'id',
      'field_code',
      'well_code',
      'oil',
      'days',
      'status',
      'created_at',
      'updated_at',
      'version',
    ]);
    expect(table.getChild('field_code')?.get(COUNT - 1)).toBe(BigInt(COUNT - 1));
  });

  test.runIf(engine !== 'memory')('Parquet', async () => {
    const response = await server.fetch('GET', '/records/wells/stream', {
      headers: { accept: 'application/vnd.apache.parquet' },
    });
    const bytes = new Uint8Array(await response.arrayBuffer());
    expect(Buffer.from(bytes.subarray(0, 4)).toString()).toBe('PAR1');
    expect(Buffer.from(bytes.subarray(-4)).toString()).toBe('PAR1');
    const back = await server.call('POST', '/records/wells/bulk?on_conflict=ignore', {
      body: bytes,
      headers: { 'content-type': 'application/vnd.apache.parquet' },
    });
    expect(back.json).toMatchObject({ records_created: 0, records_ignored: COUNT });
  });

  test.each([
    ['text/csv;q=0.5, application/x-ndjson;q=0.9', 'application/x-ndjson'],
    ['text/csv, application/x-ndjson', 'text/csv'],
    ['text/*', 'text/csv'],
    ['application/x-ndjson;q=0, text/csv;q=0.1', 'text/csv'],
    ['*/*', 'application/x-ndjson'],
  ])('Accept: %s', async (accept, type) => {
    const { status, headers } = await stream('?limit=1', accept);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toContain(type);
  });

  test.each(['application/xml', 'text/html', 'text/csv;q=0', 'application/json'])(
    'Accept: %s is a 406',
    async (accept) => {
      const { status, json } = await stream('', accept);
      expect([status, json.code]).toEqual([406, 'not_acceptable']);
    },
  );

  test.each([
    ['gzip', gunzipSync],
    ['br', brotliDecompressSync],
    ['zstd', zstdDecompressSync],
  ])('compressed with %s where asked', async (coding, unpack) => {
    const plain = await undiciRequest(server.urlOf('/records/wells/stream'));
    const packed = await undiciRequest(server.urlOf('/records/wells/stream'), {
      headers: { 'accept-encoding': `${coding}, identity;q=0.1` },
    });
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(packed.headers['content-encoding']).toBe(coding);
    const bytes = Buffer.from(await packed.body.arrayBuffer());
    const text = await plain.body.text();
    expect(bytes.length).toBeLessThan(text.length / 2);
    expect(unpack(bytes).toString()).toBe(text);
  });

  test('HEAD tells the type and sends nothing', async () => {
    const { status, headers, text } = await server.call('HEAD', '/records/wells/stream', {
      headers: { accept: 'text/csv' },
    });
    expect([status, text]).toEqual([200, '']);
    expect(headers.get('content-type')).toContain('text/csv');
  });

  test('a client that leaves ends the stream, and its place is free again', async () => {
    for (let round = 0; round < 8; round++) {
      const response = await server.fetch('GET', '/records/wells/stream');
      const reader = response.body?.getReader();
      await reader?.read();
      await reader?.cancel();
    }
    await expect.poll(async () => (await stream('?limit=1')).status, { timeout: 5000 }).toBe(200);
    await expect
      .poll(async () => (await server.get('//metrics')).text.match(/data_forge_streams (\d+)/)?.[1], { timeout: 5000 })
      .toBe('0');
  });

  test('streams past the limit are a 429', async () => {
    const open = await Promise.all(
      Array.from({ length: 3 }, () => undiciRequest(server.urlOf('/records/wells/stream'), { highWaterMark: 1 })),
    );
    const { status, json, headers } = await stream();
    // A small dataset may be sent whole into the buffers of the connection; then there is a place.
    if (status !== 200) {
      expect([status, json.code]).toEqual([429, 'too_many_requests']);
      expect(headers.get('retry-after')).toBe('1');
    }
    for (const { body } of open) await body.text();
    expect((await stream('?limit=1')).status).toBe(200);
  });

  test('a stream is one snapshot', async () => {
    const response = await server.fetch('GET', '/records/wells/stream?fields=field_code');
    const reader = response.body?.getReader();
    const first = await reader?.read();
    for (let at = 0; at < 20; at++) await server.create('wells', { field_code: 10_000_000 + at, well_code: 'new' });
    let text = Buffer.from(first?.value ?? []).toString();
    for (let next = await reader?.read(); next && !next.done; next = await reader?.read())
      text += Buffer.from(next.value).toString();
    expect(text.trimEnd().split('\n')).toHaveLength(COUNT);
    await server.call(
      'DELETE',
      `/records/wells?filters=${q([{ field: 'field_code', operator: 'gte', value: 10_000_000 }])}`,
    );
  });
});

describe.each(ENGINES)('time limits over %s', (engine) => {
  test('a stream that becomes too old breaks the connection', async () => {
    const server = await startServer(engine, { env: { STREAM_MAX_AGE_MS: '50' } });
    const row = { field_code: 0, well_code: 'x'.repeat(20) };
    for (let part = 0; part < 4; part++) {
      const body = Array.from(
        { length: 20_000 },
        (_, at) => `${JSON.stringify({ ...row, field_code: part * 20_000 + at })}\n`,
      ).join('');
      await server.call('POST', '/records/wells/bulk', { body, headers: { 'content-type': 'application/x-ndjson' } });
    }
    const response = await undiciRequest(server.urlOf('/records/wells/stream'), { highWaterMark: 1 });
    const read = async () => {
      for await (const _ of response.body) await new Promise((resolve) => setTimeout(resolve, 20));
    };
    if (response.statusCode === 200) await expect(read()).rejects.toThrow();
    else expect(response.statusCode).toBe(408);
    await server.close();
  });

  test('a query that takes too long is a 408', async () => {
    const server = await startServer(engine, { env: { QUERY_TIMEOUT_MS: '1' } });
    const body = Array.from({ length: 100_000 }, (_, at) => `{"text":"some text ${at}"}\n`).join('');
    await server.call('POST', '/records/notes/bulk', { body, headers: { 'content-type': 'application/x-ndjson' } });
    const filters = q([{ field: 'text', operator: 'ilike', value: '%a%b%c%d%' }]);
    const { status, json } = await server.get(`/records/notes?filters=${filters}&sort=${q([{ field: 'text' }])}`);
    // An engine may be quicker than the least limit there is.
    if (status !== 200) expect([status, json.code]).toEqual([408, 'query_timeout']);
    await server.close();
  });
});
