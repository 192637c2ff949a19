import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ODD } from './support/datasets.ts';
import { ENGINES, startServer, type TestServer } from './support/server.ts';

const NDJSON = { 'content-type': 'application/x-ndjson' };
const CSV = { 'content-type': 'text/csv' };
const FREE_ID = '11111111-2222-4333-8444-555555555555';

describe.each(ENGINES)('uploads over %s', (engine) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer(engine, { env: { MAX_UPLOAD_BYTES: '4MB' } });
  });
  afterAll(() => server.close());
  beforeEach(async () => {
    await server.clear('wells');
    await server.clear('notes');
  });

  const lines = (count: number, from = 0) =>
    Array.from({ length: count }, (_, index) => `{"field_code":${from + index},"well_code":"A","oil":1.25}\n`).join('');
  const upload = (body: RequestInit['body'], headers: Readonly<Record<string, string>>, query = '', schema = 'wells') =>
    server.call('POST', `/records/${schema}/bulk${query}`, { body: body ?? null, headers });
  const countOf = async (schema = 'wells') => (await server.get(`/records/${schema}/count`)).json.count;

  test('NDJSON is loaded as one commit, ids in the order of its lines', async () => {
    const { status, json } = await upload(lines(3000), NDJSON);
    expect(status).toBe(201);
    expect(json).toEqual({
      success: true,
      message: '3000 records created',
      records_created: 3000,
      records_updated: 0,
      records_ignored: 0,
      records_rejected: 0,
      rejections: [],
    });
    const page = await server.get('/records/wells?size=3000');
    expect(page.json.data.items.map((record: { data: { field_code: number } }) => record.data.field_code)).toEqual(
      Array.from({ length: 3000 }, (_, index) => index),
    );
  });

  test('the other spellings of NDJSON, a JSON array, and CSV do the same', async () => {
    expect((await upload(lines(1, 10), { 'content-type': 'application/jsonl' })).status).toBe(201);
    expect((await upload(lines(1, 11), { 'content-type': 'application/ndjson; charset=utf-8' })).status).toBe(201);
    expect((await upload('[{"field_code":12,"well_code":"A"}]', { 'content-type': 'application/json' })).status).toBe(
      201,
    );
    const csv = '\ufeffwell_code,oil,field_code\r\n"A, ""B""",2.5,13\r\n"",,14\r\n';
    expect((await upload(csv, CSV)).json.records_created).toBe(2);
    const stored = (await server.get('/records/wells?size=10')).json.data.items.map(
      (record: { data: unknown }) => record.data,
    );
    expect(stored.slice(3)).toEqual([
      { field_code: 13, well_code: 'A, "B"', oil: 2.5, days: null, status: 'open' },
      { field_code: 14, well_code: '', oil: null, days: null, status: 'open' },
    ]);
  });

  test.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
    ['br', brotliCompressSync],
    ['deflate', deflateSync],
  ])('a body in %s is taken', async (coding, compress) => {
    const { status, json } = await upload(compress(lines(100)), { ...NDJSON, 'content-encoding': coding });
    expect(status, JSON.stringify(json)).toBe(201);
    expect(json.records_created).toBe(100);
  });

  test('a body that is not what its coding says, or cut off, is a 400; an unknown coding a 415', async () => {
    const packed = gzipSync(lines(1000));
    for (const body of [
      'plain',
      packed.subarray(0, packed.length - 9),
      Buffer.concat([packed.subarray(0, 60), Buffer.alloc(30)]),
    ]) {
      const { status, json } = await upload(body, { ...NDJSON, 'content-encoding': 'gzip' });
      expect([status, json.code]).toEqual([400, 'invalid_body']);
    }
    expect((await upload(lines(1), { ...NDJSON, 'content-encoding': 'rot13' })).status).toBe(415);
    expect(await countOf()).toBe(0);
  });

  test('more than the limit, also after decompression, is a 413 and stores nothing', async () => {
    const bomb = gzipSync(lines(150_000));
    expect(bomb.length).toBeLessThan(4e6);
    const { status, json } = await upload(bomb, { ...NDJSON, 'content-encoding': 'gzip' });
    expect([status, json.code]).toEqual([413, 'too_large']);
    expect(await countOf()).toBe(0);
  });

  test.each(['application/xml', 'text/plain', 'application/x-www-form-urlencoded', 'text/csv; charset=latin1'])(
    '%s is a 415',
    async (type) => {
      const { status, json } = await upload('x', { 'content-type': type });
      expect([status, json.code]).toEqual([415, 'unsupported_media_type']);
    },
  );

  test('a bad row stores nothing, and is told with its line', async () => {
    const body = `${lines(2)}{"field_code":"x","well_code":"A"}\n${lines(1, 5)}{not json}\n`;
    const { status, json } = await upload(body, NDJSON);
    expect(status).toBe(400);
    expect(json.detail).toContain('3');
    expect(await countOf()).toBe(0);
  });

  test('on_invalid=reject stores the good rows and reports the bad ones', async () => {
    const body = `${lines(2)}{"field_code":"x","well_code":"A"}\n${lines(1, 5)}{not json}\n\n{"field_code":6,"well_code":"A","zz":1}\n`;
    const { status, json } = await upload(body, NDJSON, '?on_invalid=reject');
    expect(status).toBe(201);
    expect(json).toMatchObject({ records_created: 3, records_rejected: 3 });
    expect(json.rejections.map((rejection: { line: number }) => rejection.line)).toEqual([3, 5, 7]);
    expect(json.rejections[0].errors[0]).toMatchObject({ pointer: '/field_code' });
    expect(json).not.toHaveProperty('rejections_truncated');
  });

  test('lines of CSV count its header, and a quoted line break', async () => {
    const csv = 'field_code,well_code,oil\n1,A,1\nx,B,1\n2,"two\nlines",bad\n3,C,\n';
    const { json } = await upload(csv, CSV, '?on_invalid=reject');
    expect(json).toMatchObject({ records_created: 2, records_rejected: 2 });
    expect(json.rejections.map((rejection: { line: number }) => rejection.line)).toEqual([3, 4]);
  });

  test('the first thousand rejections are told', async () => {
    const { json } = await upload('{}\n'.repeat(1001), NDJSON, '?on_invalid=reject');
    expect(json.records_rejected).toBe(1001);
    expect(json.rejections).toHaveLength(1000);
    expect(json.rejections_truncated).toBe(true);
  });

  test('a conflict is a 409, under reject a bad row, and the policies do as they say', async () => {
    await server.create('wells', { field_code: 1, well_code: 'A', oil: 9 });
    expect((await upload(lines(3), NDJSON)).status).toBe(409);
    expect(await countOf()).toBe(1);
    const rejected = await upload(lines(3), NDJSON, '?on_invalid=reject');
    expect(rejected.json).toMatchObject({ records_created: 2, records_rejected: 1 });
    expect(rejected.json.rejections[0].line).toBe(2);
    const ignored = await upload(lines(4) + lines(1, 3), NDJSON, '?on_conflict=ignore');
    expect(ignored.json).toMatchObject({ records_created: 1, records_ignored: 4 });
    const updated = await upload(`${lines(2)}{"field_code":5,"well_code":"A"}\n`, NDJSON, '?on_conflict=update');
    expect(updated.json).toMatchObject({ records_created: 1, records_updated: 1, records_ignored: 1 });
    const page = await server.get('/records/wells?sort=[{"field":"field_code"}]');
    expect(page.json.data.items.map((record: { version: number }) => record.version)).toEqual([1, 2, 1, 1, 1]);
  });

  test('every text export can be read back, ids kept', async () => {
    await upload(lines(20), NDJSON);
    await server.call('POST', '/records', {
      json: { schema_name: 'wells', data: { field_code: 99, well_code: '"q",\n' } },
    });
    const before = (await server.get('/records/wells?size=100')).json.data.items;
    for (const [query, accept, type] of [
      ['', 'application/x-ndjson', 'application/x-ndjson'],
      ['?shape=flat', 'application/x-ndjson', 'application/x-ndjson'],
      ['', 'text/csv', 'text/csv'],
    ] as const) {
      const exported = await server.get(`/records/wells/stream${query}`, { accept });
      await server.clear('wells');
      const { status, json } = await upload(exported.text, { 'content-type': type });
      expect(status, JSON.stringify(json)).toBe(201);
      const after = (await server.get('/records/wells?size=100')).json.data.items;
      const strip = (record: { id: string; data: unknown }) => ({ id: record.id, data: record.data });
      expect(after.map(strip)).toEqual(before.map(strip));
    }
  });

  test('a line may be a whole record; whether it is depends on the names of the properties', async () => {
    const record = `{"id":"${FREE_ID}","schema_name":"notes","data":{"text":"a"},"created_at":"x","version":4}`;
    expect((await upload(record, NDJSON, '', 'notes')).status).toBe(201);
    expect((await server.get(`/records/notes/${FREE_ID}`)).json).toMatchObject({ version: 1, data: { text: 'a' } });
    expect((await upload('{"schema_name":"wells","data":{"text":"a"}}', NDJSON, '', 'notes')).status).toBe(400);
    // This dataset has a property "data", so only schema_name tells.
    expect((await upload('{"data":{"a":1}}', NDJSON, '', ODD)).status).toBe(201);
    expect((await upload('{"schema_name":"odd näme / 100%","data":{"id":7}}', NDJSON, '', ODD)).status).toBe(201);
    const items = (await server.get(`/records/${ODD}`)).json.data.items;
    expect(items.map((item: { data: { id: number | null; data: unknown } }) => [item.data.id, item.data.data])).toEqual(
      [
        [null, { a: 1 }],
        [7, null],
      ],
    );
    await server.clear(decodeURIComponent(ODD));
  });

  test('an unknown dataset, a bad policy and an unknown parameter are told before the body is read', async () => {
    expect((await upload(lines(1), NDJSON, '', 'nope')).status).toBe(404);
    expect((await upload(lines(1), NDJSON, '?on_invalid=maybe')).status).toBe(400);
    expect((await upload(lines(1), NDJSON, '?on_invaild=reject')).json.detail).toContain('on_invalid');
  });

  test('a body of no rows makes no records', async () => {
    const { status, json } = await upload('', NDJSON);
    expect([status, json.records_created]).toEqual([201, 0]);
  });

  test('a client that is cut off in the middle leaves nothing behind', async () => {
    const controller = new AbortController();
    const body = new ReadableStream({
      start: (stream) => stream.enqueue(new TextEncoder().encode(lines(500))),
      pull: () => new Promise<void>((resolve) => setTimeout(resolve, 1000)),
    });
    const sent = server.fetch('POST', '/records/wells/bulk', {
      body,
      headers: NDJSON,
      duplex: 'half',
      signal: controller.signal,
    });
    setTimeout(() => controller.abort(), 200);
    await expect(sent).rejects.toThrow();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await countOf()).toBe(0);
  });
});
