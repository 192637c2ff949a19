import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { microsecondsOf } from '#domain/record/time.ts';
import { ENGINES, startServer, type TestServer } from './support/server.ts';

const UNKNOWN = '01a20286-c9ea-767d-9e8b-0000deadbeef';

describe.each(ENGINES)('changing records over %s', (engine) => {
  let server: TestServer;
  let id: string;
  beforeAll(async () => {
    server = await startServer(engine);
  });
  afterAll(() => server.close());
  beforeEach(async () => {
    await server.clear('wells');
    await server.clear('every');
    id = (await server.create('wells', { field_code: 1, well_code: 'A', oil: 1.5, days: 3, status: 'shut' })).id;
  });

  const path = (schema = 'wells', record = id) => `/records/${schema}/${record}`;
  const send = (method: string, data: unknown, headers: Readonly<Record<string, string>> = {}, to = path()) =>
    server.call(method, to, { json: { data }, headers });

  test('PATCH changes what is named and answers the record', async () => {
    const { status, headers, json } = await send('PATCH', { oil: 2, days: null });
    expect(status).toBe(200);
    expect(json).toMatchObject({ id, version: 2, data: { field_code: 1, oil: 2, days: null, status: 'shut' } });
    expect(microsecondsOf(json.updated_at)).toBeGreaterThanOrEqual(microsecondsOf(json.created_at));
    expect(headers.get('etag')).toBe('"2"');
    expect((await server.get(path())).json).toEqual(json);
  });

  test('PATCH is shallow: an object is replaced whole', async () => {
    const record = await server.create('every', { extra: { a: 1, b: 2 }, list: [1, 2] });
    const { json } = await send('PATCH', { extra: { c: 3 } }, {}, path('every', record.id));
    expect(json.data).toMatchObject({ extra: { c: 3 }, list: [1, 2] });
  });

  test('a change that changes nothing keeps the version', async () => {
    expect((await send('PATCH', { oil: 1.5 })).json.version).toBe(1);
    expect((await send('PATCH', {})).json.version).toBe(1);
  });

  test('PUT gives absent properties their default or null', async () => {
    const { status, json } = await send('PUT', { field_code: 1, well_code: 'A' });
    expect(status).toBe(200);
    expect(json).toMatchObject({ id, version: 2, data: { oil: null, days: null, status: 'open' } });
  });

  test.each(['PATCH', 'PUT'])('%s: what it refuses', async (method) => {
    const whole = { field_code: 1, well_code: 'A' };
    const base = method === 'PUT' ? whole : {};
    const codes = async (data: unknown, to = path()) => {
      const { status, json } = await send(method, data, {}, to);
      return [status, json.code];
    };
    expect(await codes({ ...base, oil: 'x' })).toEqual([400, 'invalid_value']);
    expect(await codes({ ...base, nope: 1 })).toEqual([400, 'invalid_value']);
    expect(await codes([])).toEqual([400, 'invalid_value']);
    expect(await codes({ ...whole, well_code: 'B' })).toEqual([400, 'invalid_value']);
    expect(await codes(base, path('wells', UNKNOWN))).toEqual([404, 'unknown_record']);
    expect(await codes(base, path('nope'))).toEqual([404, 'unknown_dataset']);
    expect(await codes(base, path('wells', 'x'))).toEqual([400, 'invalid_parameter']);
    const { status, json } = await server.call(method, path(), { json: base });
    expect([status, json.code]).toEqual([400, 'invalid_body']);
    expect((await server.get(path())).json.version).toBe(1);
  });

  test('If-Match makes a change conditional', async () => {
    expect((await send('PATCH', { oil: 2 }, { 'if-match': '"1"' })).status).toBe(200);
    const moved = await send('PATCH', { oil: 3 }, { 'if-match': '"1"' });
    expect([moved.status, moved.json.code]).toEqual([412, 'version_moved']);
    expect((await send('PUT', { field_code: 1, well_code: 'A' }, { 'if-match': '"9"' })).status).toBe(412);
    expect((await server.call('DELETE', path(), { headers: { 'if-match': '"1"' } })).status).toBe(412);
    expect((await send('PATCH', { oil: 4 }, { 'if-match': '*' })).status).toBe(200);
    expect((await send('PATCH', { oil: 5 }, { 'if-match': 'W/"x"' })).status).toBe(412);
    expect((await send('PATCH', { oil: 5 }, { 'if-match': '3' })).status).toBe(400);
    expect((await server.call('DELETE', path(), { headers: { 'if-match': '"3"' } })).status).toBe(204);
  });

  test('of many who change one version, one wins', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, at) => send('PATCH', { oil: at + 10 }, { 'if-match': '"1"' })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(9).fill(412)]);
  });

  test('DELETE answers 204, and again 404', async () => {
    const gone = await server.call('DELETE', path());
    expect([gone.status, gone.text]).toEqual([204, '']);
    const again = await server.call('DELETE', path());
    expect([again.status, again.json.code]).toEqual([404, 'unknown_record']);
    expect((await server.get(path())).status).toBe(404);
  });

  test('DELETE of a dataset needs filters, or all=true', async () => {
    for (let at = 2; at < 6; at++) await server.create('wells', { field_code: at, well_code: 'A' });
    const without = await server.call('DELETE', '/records/wells');
    expect([without.status, without.json.code]).toEqual([400, 'invalid_parameter']);
    expect((await server.call('DELETE', '/records/wells?filters=[]')).status).toBe(400);
    const some = await server.call(
      'DELETE',
      `/records/wells?filters=${encodeURIComponent('[{"field":"field_code","operator":"gt","value":3}]')}`,
    );
    expect([some.status, some.json]).toEqual([200, { success: true, records_deleted: 2 }]);
    expect((await server.call('DELETE', '/records/wells?all=true')).json.records_deleted).toBe(3);
    expect((await server.call('DELETE', '/records/wells?all=yes')).status).toBe(400);
  });
});
