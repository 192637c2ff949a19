import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ODD } from './support/datasets.ts';
import { ENGINES, startServer, type TestServer } from './support/server.ts';

const V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const UTC = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?Z$/;
const FREE_ID = '11111111-2222-4333-8444-555555555555';

describe.each(ENGINES)('creating records over %s', (engine) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer(engine);
  });
  afterAll(() => server.close());
  beforeEach(async () => {
    await server.clear('wells');
    await server.clear('notes');
  });

  test('POST /records answers 201 with the whole record', async () => {
    const { status, headers, json } = await server.post('/records', {
      schema_name: 'wells',
      data: { well_code: 'A-1', field_code: 7, oil: 1.5 },
    });
    expect(status).toBe(201);
    expect(Object.keys(json)).toEqual(['success', 'message', 'record']);
    expect(json.success).toBe(true);
    const { record } = json;
    expect(Object.keys(record)).toEqual([
      'id',
      'schema_name',
      'data',
      'composite_id',
      'created_at',
      'updated_at',
      'version',
    ]);
    expect(record).toMatchObject({ schema_name: 'wells', composite_id: '7|A-1', version: 1 });
    expect(record.id).toMatch(V7);
    expect(record.created_at).toMatch(UTC);
    expect(record.updated_at).toBe(record.created_at);
    // Every property, in the file's order, null or its default where none came.
    expect(Object.entries(record.data)).toEqual([
      ['field_code', 7],
      ['well_code', 'A-1'],
      ['oil', 1.5],
      ['days', null],
      ['status', 'open'],
    ]);
    expect(headers.get('etag')).toBe('"1"');
    expect((await server.get(`/records/wells/${record.id}`)).json).toEqual(record);
  });

  test('a record of a dataset with no composite key has no composite_id', async () => {
    expect(await server.create('notes', { text: 'x' })).not.toHaveProperty('composite_id');
  });

  test.each([
    [{ schema_name: 'wells', data: { well_code: 'A' } }, 'invalid_value', '/data/field_code'],
    [{ schema_name: 'wells', data: { field_code: '1', well_code: 'A' } }, 'invalid_value', '/data/field_code'],
    [{ schema_name: 'wells', data: { field_code: 1, well_code: 5 } }, 'invalid_value', '/data/well_code'],
    [{ schema_name: 'wells', data: { field_code: 1, well_code: 'A', oil: -1 } }, 'invalid_value', '/data/oil'],
    [{ schema_name: 'wells', data: { field_code: 1, well_code: 'A', oil: 1.23456 } }, 'invalid_value', '/data/oil'],
    [
      { schema_name: 'wells', data: { field_code: 1, well_code: 'A', status: 'away' } },
      'invalid_value',
      '/data/status',
    ],
    [{ schema_name: 'wells', data: { field_code: 1, well_code: 'A', days: 1.5 } }, 'invalid_value', '/data/days'],
    [{ schema_name: 'wells', data: { field_code: 1, well_code: 'A', nope: 1 } }, 'invalid_value', '/data/nope'],
    [{ schema_name: 'wells', data: [] }, 'invalid_value', '/data'],
    [{ schema_name: 'wells' }, 'invalid_body', '/data'],
    [{ data: {} }, 'invalid_body', '/schema_name'],
    [{ schema_name: 5, data: {} }, 'invalid_body', '/schema_name'],
    [{ schema_name: 'wells', data: {}, extra: 1 }, 'invalid_body', '/extra'],
    [[], 'invalid_body', ''],
  ])('%j is a 400 that names the place', async (body, code, pointer) => {
    const { status, headers, json } = await server.post('/records', body);
    expect(status).toBe(400);
    expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(json).toMatchObject({ code, status: 400, type: `/docs/errors#${code}` });
    expect(json.errors.map((fault: { pointer: string }) => fault.pointer)).toContain(pointer);
  });

  test('all faults of a row are told at once', async () => {
    const { json } = await server.post('/records', {
      schema_name: 'wells',
      data: { field_code: 'x', oil: 'y', zz: 1 },
    });
    expect(json.errors.map((fault: { pointer: string }) => fault.pointer).sort()).toEqual([
      '/data/field_code',
      '/data/oil',
      '/data/well_code',
      '/data/zz',
    ]);
  });

  test('a member named twice is a 400', async () => {
    const body = '{"schema_name":"notes","data":{"text":"a","text":"b"}}';
    const { status, json } = await server.call('POST', '/records', {
      body,
      headers: { 'content-type': 'application/json' },
    });
    expect([status, json.code]).toEqual([400, 'invalid_value']);
    const twice = '{"schema_name":"notes","schema_name":"notes","data":{"text":"a"}}';
    const other = await server.call('POST', '/records', {
      body: twice,
      headers: { 'content-type': 'application/json' },
    });
    expect([other.status, other.json.code]).toEqual([400, 'invalid_body']);
  });

  test('unknown properties are left aside where the dataset says so', async () => {
    expect((await server.create('loose', { x: 1, y: 2 })).data).toEqual({ x: 1 });
  });

  test('a taken natural key is a 409; a deleted one is free again with a new id', async () => {
    const first = await server.create('wells', { field_code: 1, well_code: 'A' });
    const again = await server.post('/records', { schema_name: 'wells', data: { field_code: 1, well_code: 'A' } });
    expect([again.status, again.json.code]).toEqual([409, 'key_exists']);
    expect((await server.call('DELETE', `/records/wells/${first.id}`)).status).toBe(204);
    const second = await server.create('wells', { field_code: 1, well_code: 'A' });
    expect(second.id).not.toBe(first.id);
    expect(second.version).toBe(1);
  });

  test('a taken unique value is a 409; several nulls are fine', async () => {
    await server.create('notes', { text: 'a', tag: 't' });
    expect((await server.post('/records', { schema_name: 'notes', data: { text: 'b', tag: 't' } })).status).toBe(409);
    await server.create('notes', { text: 'c' });
    await server.create('notes', { text: 'd' });
  });

  test('on_conflict=ignore answers 200 with what is there', async () => {
    const first = await server.create('wells', { field_code: 1, well_code: 'A', oil: 1 });
    const body = { schema_name: 'wells', data: { field_code: 1, well_code: 'A', oil: 2 } };
    const { status, json } = await server.post('/records?on_conflict=ignore', body);
    expect(status).toBe(200);
    expect(json.record).toEqual(first);
    const fresh = await server.post('/records?on_conflict=ignore', {
      schema_name: 'wells',
      data: { field_code: 2, well_code: 'A' },
    });
    expect(fresh.status).toBe(201);
  });

  test('on_conflict=update replaces as PUT does, and leaves a record that stays the same alone', async () => {
    const first = await server.create('wells', { field_code: 1, well_code: 'A', oil: 1, days: 3 });
    const body = { schema_name: 'wells', data: { field_code: 1, well_code: 'A', oil: 2 } };
    const { status, json } = await server.post('/records?on_conflict=update', body);
    expect(status).toBe(200);
    expect(json.record).toMatchObject({ id: first.id, version: 2, data: { oil: 2, days: null } });
    const same = await server.post('/records?on_conflict=update', body);
    expect([same.status, same.json.record.version]).toEqual([200, 2]);
  });

  test('a policy without a natural key needs an id', async () => {
    const without = await server.post('/records?on_conflict=update', { schema_name: 'notes', data: { text: 'a' } });
    expect([without.status, without.json.code]).toEqual([400, 'invalid_parameter']);
    const given = await server.post('/records?on_conflict=update', {
      schema_name: 'notes',
      data: { id: FREE_ID, text: 'a' },
    });
    expect([given.status, given.json.record.id]).toEqual([201, FREE_ID]);
    const again = await server.post('/records?on_conflict=update', {
      schema_name: 'notes',
      data: { id: FREE_ID, text: 'b' },
    });
    expect([again.status, again.json.record.data.text, again.json.record.version]).toEqual([200, 'b', 2]);
    expect(
      (await server.post('/records?on_conflict=sometimes', { schema_name: 'notes', data: { text: 'a' } })).status,
    ).toBe(400);
  });

  test('a row may carry the system columns of an export: a free id is kept, a taken one is a conflict, the rest ignored', async () => {
    const data = { id: FREE_ID.toUpperCase(), text: 'a', created_at: '2001-01-01T00:00:00Z', version: 9, _seq: 4 };
    const { status, json } = await server.post('/records', { schema_name: 'notes', data });
    expect(status).toBe(201);
    expect(json.record).toMatchObject({ id: FREE_ID, version: 1 });
    expect(json.record.created_at).not.toMatch(/^2001/);
    expect((await server.post('/records', { schema_name: 'notes', data })).json.code).toBe('key_exists');
    expect((await server.post('/records', { schema_name: 'notes', data: { id: 'x', text: 'a' } })).status).toBe(400);
  });

  test('where a property is called id, the record id is _id', async () => {
    const name = decodeURIComponent(ODD);
    const { status, json } = await server.post('/records', {
      schema_name: name,
      data: { id: 5, _id: FREE_ID, Version: 'v', data: { a: 1 } },
    });
    expect(status).toBe(201);
    expect(json.record).toMatchObject({ id: FREE_ID, data: { id: 5, Version: 'v', data: { a: 1 } } });
    expect((await server.get(`/records/${ODD}/${FREE_ID}`)).json.data.id).toBe(5);
    await server.clear(name);
  });

  test('many single creates at once are each answered for themselves', async () => {
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        server.post('/records', {
          schema_name: 'wells',
          data: { field_code: index % 40, well_code: 'A', days: index % 20 === 0 ? 99 : 1 },
        }),
      ),
    );
    const by = Object.groupBy(answers, ({ status }) => String(status));
    expect(by[400]).toHaveLength(3);
    expect(by[201]?.length).toBe((await server.get('/records/wells/count')).json.count);
    expect((by[201]?.length ?? 0) + (by[409]?.length ?? 0)).toBe(57);
  });
});

describe.each(ENGINES)('POST /records/bulk over %s', (engine) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer(engine);
  });
  afterAll(() => server.close());
  beforeEach(() => server.clear('wells'));

  const rows = (count: number, from = 0) =>
    Array.from({ length: count }, (_, index) => ({ field_code: from + index, well_code: 'A', oil: index / 4 }));

  test.each([1, 3, 501, 20_000])('%d rows are stored, and come back in the order sent', async (count) => {
    const { status, json } = await server.post('/records/bulk', { schema_name: 'wells', data: rows(count) });
    expect(status).toBe(201);
    expect(json).toMatchObject({ success: true, records_created: count });
    expect(json.records.map((record: { data: { field_code: number } }) => record.data.field_code)).toEqual(
      rows(count).map((row) => row.field_code),
    );
    const ids = json.records.map((record: { id: string }) => record.id);
    expect(ids).toEqual([...ids].sort());
    expect((await server.get('/records/wells/count')).json.count).toBe(count);
    expect((await server.get(`/records/wells/${ids.at(-1)}`)).json).toEqual(json.records.at(-1));
  });

  test.each([3, 2000])('one bad row of %d and nothing is stored', async (count) => {
    const data = rows(count).with(2, { field_code: 2, well_code: 'A', oil: -5 });
    const { status, json } = await server.post('/records/bulk', { schema_name: 'wells', data });
    expect(status).toBe(400);
    expect(json.code).toBe('invalid_value');
    expect(json.errors.map((fault: { pointer: string }) => fault.pointer)).toEqual(['/data/2/oil']);
    expect((await server.get('/records/wells/count')).json.count).toBe(0);
  });

  test.each([3, 2000])('one taken key of %d and nothing is stored', async (count) => {
    await server.create('wells', { field_code: 1, well_code: 'A' });
    const { status, json } = await server.post('/records/bulk', { schema_name: 'wells', data: rows(count) });
    expect([status, json.code]).toEqual([409, 'key_exists']);
    expect((await server.get('/records/wells/count')).json.count).toBe(1);
  });

  test.each([4, 2000])('policies over %d rows: what was sent twice, and what was there', async (count) => {
    await server.create('wells', { field_code: 0, well_code: 'A', oil: 99 });
    const data = [...rows(count), { field_code: 1, well_code: 'A', oil: 77 }];
    const ignored = await server.post('/records/bulk?on_conflict=ignore', { schema_name: 'wells', data });
    expect(ignored.json).toMatchObject({ records_created: count - 1, records_updated: 0, records_ignored: 2 });
    expect(ignored.json.records).toHaveLength(count + 1);
    expect(ignored.json.records[0].data.oil).toBe(99);
    expect(ignored.json.records.at(-1)).toEqual(ignored.json.records[1]);
    const updated = await server.post('/records/bulk?on_conflict=update', { schema_name: 'wells', data });
    expect(updated.status).toBe(201);
    expect(updated.json).toMatchObject({ records_created: 0, records_updated: 2, records_ignored: count - 1 });
    expect(updated.json.records[1].data.oil).toBe(77);
    expect(updated.json.records[1].version).toBe(2);
    expect(updated.json.records.at(-1)).toEqual(updated.json.records[1]);
  });

  test('Prefer: return=minimal leaves the records out', async () => {
    const { status, headers, json } = await server.post(
      '/records/bulk',
      { schema_name: 'wells', data: rows(2) },
      { prefer: 'return=minimal' },
    );
    expect(status).toBe(201);
    expect(json).not.toHaveProperty('records');
    expect(json.records_created).toBe(2);
    expect(headers.get('preference-applied')).toBe('return=minimal');
  });

  test.each([
    ['{"schema_name":"wells","data":[]}', 'invalid_body'],
    ['{"schema_name":"wells","data":{}}', 'invalid_body'],
    ['{"schema_name":"wells"}', 'invalid_body'],
    ['{"data":[{}]}', 'invalid_body'],
    ['{"schema_name":"wells","data":[1]}', 'invalid_value'],
    ['{"schema_name":"wells","data":[{}],"x":1}', 'invalid_body'],
  ])('%s is a 400', async (body, code) => {
    const { status, json } = await server.call('POST', '/records/bulk', {
      body,
      headers: { 'content-type': 'application/json' },
    });
    expect([status, json.code]).toEqual([400, code]);
  });

  test('a large body may name its dataset behind its rows, and is read as strictly', async () => {
    const json = JSON.stringify(rows(20_000));
    const send = (body: string) =>
      server.call('POST', '/records/bulk', { body, headers: { 'content-type': 'application/json' } });
    const behind = await send(`{"data": ${json} , "schema_name": "wells"} \n`);
    expect(behind.status).toBe(201);
    expect(behind.json.records).toHaveLength(20_000);
    for (const body of [
      `{"schema_name":"wells","data":${json},"x":[1]}`,
      `{"schema_name":"wells","data":${json}}}`,
      `{"schema_name":"wells","data":${json}`,
      `{"schema_name":"wells","data":${json.slice(0, -1)},]}`,
      `{"schema_name":"wells","data":${json},"data":[{}]}`,
      `{"schema_name":"nope","data":${json}}`.slice(0, -1),
    ]) {
      expect((await send(body)).status, body.slice(-30)).toBe(400);
    }
    expect((await server.get('/records/wells/count')).json.count).toBe(20_000);
  });

  test('on_invalid=reject belongs to uploads', async () => {
    const { status, json } = await server.post('/records/bulk?on_invalid=reject', {
      schema_name: 'wells',
      data: rows(1),
    });
    expect([status, json.code]).toEqual([400, 'invalid_parameter']);
  });
});
