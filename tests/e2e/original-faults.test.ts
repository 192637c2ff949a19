import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENGINES, startServer, type TestServer } from './rest/support/server.ts';

/** What the original service did wrong, a test each: none of it may come back. */
describe.each(ENGINES)('faults of the original stay impossible over %s', (engine) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer(engine);
  });
  afterAll(() => server.close());

  const json = (value: unknown) => encodeURIComponent(JSON.stringify(value));
  const rows = async (path: string) => (await server.get(path)).json.data.items;

  test.each([
    'text; DROP TABLE notes',
    'text" DESC; DELETE FROM data.notes; --',
    "text' OR '1'='1",
    '(SELECT 1)',
    'rowid',
    '_locator',
    '1',
    'text, (SELECT name FROM forge.meta)',
  ])('SQL through a name: %s', async (name) => {
    await server.create('notes', { text: 'stays' });
    const before = (await server.get('/records/notes/count')).json.count;
    for (const path of [
      `/records/notes?sort=${json([{ field: name }])}`,
      `/records/notes?sort=${json([{ field: 'text', order: name }])}`,
      `/records/notes?filters=${json([{ field: name, operator: 'eq', value: 1 }])}`,
      `/records/notes?filters=${json([{ field: 'text', operator: name, value: 1 }])}`,
      `/records/notes?fields=${encodeURIComponent(name)}`,
      `/records/notes/stream?sort=${json([{ field: name }])}`,
      `/records/notes/count?filters=${json([{ field: name, operator: 'is_null' }])}`,
    ]) {
      const { status, text } = await server.get(path);
      expect(status, text).toBe(400);
      expect(text).not.toMatch(/Parser Error|Binder Error|Catalog Error|duckdb/i);
    }
    expect((await server.get(`/records/${encodeURIComponent(name)}`)).status).toBe(404);
    expect((await server.get('/records/notes/count')).json.count).toBe(before);
  });

  test.each([3, 700])('a bulk of %s answered 201 is there, every row of it', async (length) => {
    await server.clear('notes');
    const data = Array.from({ length }, (_, rank) => ({ text: `row ${rank}`, rank }));
    const { status, json: answer } = await server.post('/records/bulk', { schema_name: 'notes', data });
    expect([status, answer.records_created, answer.records.length]).toEqual([201, length, length]);
    expect((await server.get('/records/notes/count')).json.count).toBe(length);
    for (const record of [answer.records[0], answer.records[length - 1]]) {
      expect((await server.get(`/records/notes/${record.id}`)).json).toEqual(record);
    }
  });

  test.each([
    [3, { text: 5 }],
    [3, { text: 'x', tag: 'taken' }],
    [900, { text: null }],
    [900, { text: 'x', tag: 'taken' }],
  ])('of a bulk of %s rows that fails by its last one nothing is kept', async (length, bad) => {
    await server.clear('notes');
    await server.create('notes', { text: 'before', tag: 'taken' });
    const data = [...Array.from({ length }, (_, rank) => ({ text: `row ${rank}`, rank })), bad];
    const { status } = await server.post('/records/bulk', { schema_name: 'notes', data });
    expect([400, 409]).toContain(status);
    const upload = await server.call('POST', '/records/notes/bulk', {
      body: data.map((row) => JSON.stringify(row)).join('\n'),
      headers: { 'content-type': 'application/x-ndjson' },
    });
    expect([400, 409]).toContain(upload.status);
    expect((await rows('/records/notes')).map((item: { data: { text: string } }) => item.data.text)).toEqual([
      'before',
    ]);
  });

  test('the time of day stays', async () => {
    const { id } = await server.create('every', { moment: '2024-01-15T10:30:00.123456', time: '23:59:59.5' });
    const { data } = (await server.get(`/records/every/${id}`)).json;
    expect([data.moment, data.time]).toEqual(['2024-01-15T10:30:00.123456Z', '23:59:59.5']);
    const csv = await server.get(
      `/records/every/stream?filters=${json([{ field: '_id', operator: 'eq', value: id }])}`,
      {
        accept: 'text/csv',
      },
    );
    expect(csv.text).toContain('2024-01-15T10:30:00.123456Z');
  });

  test('a decimal stays as it was sent, by every road', async () => {
    await server.clear('wells');
    const sent = ['0.1', '12345678901234.5678', '99999999999999.9999', '0.0001'];
    const row = (oil: string, at: number) => `{"field_code":${at},"well_code":"w","oil":${oil}}`;
    await server.call('POST', '/records/bulk', {
      body: `{"schema_name":"wells","data":[${sent.map(row).join()}]}`,
      headers: { 'content-type': 'application/json' },
    });
    await server.call('POST', '/records/wells/bulk', {
      body: sent.map((oil, at) => row(oil, at + 100)).join('\n'),
      headers: { 'content-type': 'application/x-ndjson' },
    });
    await server.call('POST', '/records/wells/bulk', {
      body: `field_code,well_code,oil\n${sent.map((oil, at) => `${at + 200},w,${oil}`).join('\n')}\n`,
      headers: { 'content-type': 'text/csv' },
    });
    const { text } = await server.get('/records/wells/stream');
    const found = [...text.matchAll(/"oil":([0-9.]+)/g)].map(([, oil]) => oil);
    const wanted = ['0.1000', '12345678901234.5678', '99999999999999.9999', '0.0001'];
    expect(found.sort()).toEqual([...wanted, ...wanted, ...wanted].sort());
    const refused = await server.call('POST', '/records', {
      body: '{"schema_name":"wells","data":{"field_code":1000,"well_code":"w","oil":1.00001}}',
      headers: { 'content-type': 'application/json' },
    });
    expect(refused.status).toBe(400);
  });

  test.each(['page', 'cursor'])('pages do not overlap on ties, and none is left out: by %s', async (by) => {
    await server.clear('notes');
    const data = Array.from({ length: 250 }, (_, at) => ({ text: 'same', rank: at % 2 === 0 ? 1 : null }));
    await server.post('/records/bulk', { schema_name: 'notes', data });
    const ids: string[] = [];
    let cursor: string | null = null;
    for (let page = 1; page <= 9; page++) {
      const at = by === 'page' || cursor === null ? `page=${by === 'page' ? page : 1}` : `cursor=${cursor}`;
      const { json: answer } = await server.get(`/records/notes?size=29&sort=${json([{ field: 'rank' }])}&${at}`);
      ids.push(...answer.data.items.map((item: { id: string }) => item.id));
      cursor = answer.data.next_cursor;
    }
    expect(ids).toHaveLength(250);
    expect(new Set(ids).size).toBe(250);
  });

  test.each([
    { text: 5 },
    { text: 'x', rank: 'many' },
    { text: 'x', rank: 1.5 },
    { text: 'x', rank: 1e30 },
    { text: '\u0000' },
    { unknown: 1 },
    {},
  ])('a bad value is a 400 that says which: %j', async (data) => {
    for (const answer of [
      await server.post('/records', { schema_name: 'notes', data }),
      await server.post('/records/bulk', { schema_name: 'notes', data: [data] }),
    ]) {
      expect(answer.status, answer.text).toBe(400);
      expect(answer.json.detail.length).toBeGreaterThan(10);
    }
  });

  test('a stream begins before all of it has been read, and holds no more than a part of it', async () => {
    await server.clear('notes');
    const line = `${JSON.stringify({ text: 'a text that makes a row of a hundred bytes or so, all the same' })}\n`;
    await server.call('POST', '/records/notes/bulk', {
      body: line.repeat(120_000),
      headers: { 'content-type': 'application/x-ndjson' },
    });
    const response = await server.fetch('GET', '/records/notes/stream');
    const reader = response.body?.getReader();
    const first = await reader?.read();
    const bytes = first?.value?.length ?? 0;
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThan(10_000_000);
    const metrics = await server.get('//metrics');
    expect(metrics.text).toMatch(/streams 1\b/);
    let total = bytes;
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) total += part.value.length;
    expect(total).toBeGreaterThan(120_000 * 100);
  });
});
