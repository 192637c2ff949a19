import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENGINES, startServer, type TestServer } from './support/server.ts';

const q = (value: unknown) => encodeURIComponent(JSON.stringify(value));

describe.each(ENGINES)('pages and counts over %s', (engine) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer(engine, { env: { MAX_PAGE_SIZE: '500', MAX_FILTERS: '20' } });
    const data = Array.from({ length: 95 }, (_, index) => ({
      field_code: index,
      well_code: index % 2 === 0 ? 'even' : 'Odd_%\\',
      oil: index % 10 === 0 ? null : index / 4,
      days: index % 7,
    }));
    await server.post('/records/bulk', { schema_name: 'wells', data });
  });
  afterAll(() => server.close());

  const codesOf = (answer: { json: { data: { items: { data: { field_code: number } }[] } } }) =>
    answer.json.data.items.map((record) => record.data.field_code);

  test('a page has the members that clients count on', async () => {
    const { status, json, headers } = await server.get('/records/wells');
    expect(status).toBe(200);
    expect(Object.keys(json)).toEqual(['success', 'message', 'schema_name', 'data', 'execution_time_ms']);
    expect(Object.keys(json.data)).toEqual([
      'items',
      'total',
      'page',
      'size',
      'has_next',
      'has_previous',
      'next_cursor',
    ]);
    expect(json).toMatchObject({
      success: true,
      schema_name: 'wells',
      data: { total: 95, page: 1, size: 10, has_next: true, has_previous: false },
    });
    expect(json.execution_time_ms).toBeGreaterThan(0);
    expect(headers.get('server-timing')).toMatch(/parse;dur=.*queue;dur=.*engine;dur=.*render;dur=.*total;dur=/);
    expect(codesOf({ json })).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('pages come in order of id, and the last knows that it is', async () => {
    const { json } = await server.get('/records/wells?page=10&size=10');
    expect(codesOf({ json })).toEqual([90, 91, 92, 93, 94]);
    expect(json.data).toMatchObject({ has_next: false, has_previous: true, next_cursor: null });
    const exact = await server.get('/records/wells?page=5&size=19');
    expect(exact.json.data).toMatchObject({ has_next: false, next_cursor: null });
    expect((await server.get('/records/wells?page=11&size=10')).json.data).toMatchObject({
      items: [],
      total: 95,
      has_next: false,
      has_previous: true,
    });
  });

  test('POST …/query is the same with a body', async () => {
    const asked = {
      filters: [{ field: 'days', operator: 'in', value: [1, 2] }],
      sort: [{ field: 'oil', order: 'desc' }],
      size: 7,
      page: 2,
      fields: ['field_code', 'oil'],
    };
    const posted = await server.post('/records/wells/query', asked);
    const got = await server.get(
      `/records/wells?filters=${q(asked.filters)}&sort=${q(asked.sort)}&size=7&page=2&fields=oil,field_code`,
    );
    expect(posted.status).toBe(200);
    expect(posted.json.data).toEqual(got.json.data);
    expect(Object.keys(posted.json.data.items[0].data)).toEqual(['field_code', 'oil']);
  });

  test.each([
    [[{ field: 'field_code', operator: 'eq', value: 5 }], 1],
    [[{ field: 'field_code', operator: 'ne', value: 5 }], 94],
    [[{ field: 'oil', operator: 'is_null' }], 10],
    [[{ field: 'oil', operator: 'is_not_null' }], 85],
    [[{ field: 'oil', operator: 'ne', value: 0.25 }], 84],
    [[{ field: 'oil', operator: 'gt', value: 20 }], 13],
    [[{ not: { field: 'oil', operator: 'gt', value: 20 } }], 72],
    [
      [
        { field: 'field_code', operator: 'gte', value: 90 },
        { field: 'field_code', operator: 'lt', value: 93 },
      ],
      3,
    ],
    [
      [
        {
          or: [
            { field: 'field_code', operator: 'lte', value: 1 },
            { field: 'field_code', operator: 'eq', value: 50 },
          ],
        },
      ],
      3,
    ],
    [[{ field: 'days', operator: 'in', value: [] }], 0],
    [[{ not: { field: 'oil', operator: 'in', value: [] } }], 95],
    [[{ and: [] }], 95],
    [[{ or: [] }], 0],
    [[], 95],
    [[{ field: 'well_code', operator: 'like', value: 'Odd\\_\\%\\\\' }], 47],
    [[{ field: 'well_code', operator: 'like', value: 'odd%' }], 0],
    [[{ field: 'well_code', operator: 'ilike', value: 'oDD%' }], 47],
    [[{ field: 'well_code', operator: 'like', value: '_ven' }], 48],
    [[{ field: 'field_code', operator: 'eq', value: null }], 0],
    [[{ field: '_version', operator: 'eq', value: 1 }], 95],
    [[{ field: 'version', operator: 'eq', value: 1 }], 95],
    [[{ field: 'created_at', operator: 'gt', value: '2020-01-01' }], 95],
    [[{ field: '_seq', operator: 'gt', value: 0 }], 95],
  ])('filters %j match %d', async (filters, expected) => {
    const { status, json } = await server.get(`/records/wells/count?filters=${q(filters)}`);
    expect(status, JSON.stringify(json)).toBe(200);
    expect(json).toMatchObject({ success: true, schema_name: 'wells', count: expected });
    expect(Object.keys(json)).toEqual(['success', 'message', 'schema_name', 'count', 'execution_time_ms']);
    expect((await server.get(`/records/wells?size=500&filters=${q(filters)}`)).json.data.total).toBe(expected);
  });

  test.each([
    ['[{"field":"nope","operator":"eq","value":1}]', '/filters/0/field'],
    ['[{"field":"days","operator":"about","value":1}]', '/filters/0/operator'],
    ['[{"field":"days","operator":"eq","value":"1"}]', '/filters/0/value'],
    ['[{"field":"days","operator":"eq","value":1.5}]', '/filters/0/value'],
    ['[{"field":"days","operator":"eq"}]', '/filters/0'],
    ['[{"field":"days","operator":"like","value":"1"}]', '/filters/0/operator'],
    ['[{"field":"well_code","operator":"like","value":"x\\\\"}]', '/filters/0/value'],
    ['[{"field":"days","operator":"in","value":1}]', '/filters/0/value'],
    ['{"field":"days"}', '/filters'],
    ['[{"or":{}}]', '/filters/0/or'],
    ['[5]', '/filters/0'],
    ['[', '/filters'],
    ['"; DROP TABLE wells; --', '/filters'],
  ])('filters=%s is a 400 at %s', async (filters, pointer) => {
    const { status, json } = await server.get(`/records/wells?filters=${encodeURIComponent(filters)}`);
    expect([status, json.code]).toEqual([400, 'invalid_filter']);
    expect(json.errors.map((fault: { pointer: string }) => fault.pointer)).toContain(pointer);
  });

  test('too many conditions, and groups that nest too deep, are a 400', async () => {
    const many = Array(21).fill({ field: 'days', operator: 'eq', value: 1 });
    expect((await server.get(`/records/wells?filters=${q(many)}`)).json.code).toBe('invalid_filter');
    const deep = `${'{"not":'.repeat(60)}{"field":"days","operator":"is_null"}${'}'.repeat(60)}`;
    expect(
      (await server.call('POST', '/records/wells/query', { json: JSON.parse(`{"filters":[${deep}]}`) })).json.code,
    ).toBe('invalid_filter');
    const abyss = `{"filters":${'['.repeat(10_000)}${']'.repeat(10_000)}}`;
    const { status } = await server.call('POST', '/records/wells/query', {
      body: abyss,
      headers: { 'content-type': 'application/json' },
    });
    expect(status).toBe(400);
  });

  test('a long list of values fits a body', async () => {
    const value = Array.from({ length: 20_000 }, (_, index) => index + 90);
    const { json } = await server.post('/records/wells/query', {
      filters: [{ field: 'field_code', operator: 'in', value }],
    });
    expect(json.data.total).toBe(5);
  });

  test('sort: nulls last either way, id breaks ties', async () => {
    const asc = await server.get(`/records/wells?size=95&sort=${q([{ field: 'oil' }])}`);
    const desc = await server.get(`/records/wells?size=95&sort=${q([{ field: 'oil', order: 'desc' }])}`);
    const nulls = [0, 10, 20, 30, 40, 50, 60, 70, 80, 90];
    expect(codesOf(asc).slice(-10)).toEqual(nulls);
    expect(codesOf(desc).slice(-10)).toEqual(nulls);
    expect(codesOf(desc).slice(0, 3)).toEqual([94, 93, 92]);
    const ties = await server.get(`/records/wells?size=95&sort=${q([{ field: 'days', order: 'desc' }])}`);
    expect(codesOf(ties).slice(0, 3)).toEqual([6, 13, 20]);
  });

  test.each([
    '[{"field":"nope"}]',
    '[{"field":"days","order":"up"}]',
    '{}',
    '[{"field":"days; DROP TABLE wells"}]',
    'x',
  ])('sort=%s is a 400', async (sort) => {
    const { status, json } = await server.get(`/records/wells?sort=${encodeURIComponent(sort)}`);
    expect([status, json.code]).toEqual([400, 'invalid_sort']);
  });

  test.each([
    'page=0',
    'page=-1',
    'page=x',
    'page=1.5',
    'size=0',
    'size=501',
    'size=x',
    'page=1e9',
    'cursor=garbage',
    'page=999999999999999&size=500',
    'cursor=',
  ])('%s is a 400', async (query) => {
    const { status, json } = await server.get(`/records/wells?${query}`);
    expect([status, json.code]).toEqual([400, 'invalid_page']);
  });

  test.each(['siez=5', 'size=1&size=2', 'fields=nope', 'filter=[]', 'fields=id'])(
    '%s is a 400 that says what was meant',
    async (query) => {
      const { status, json } = await server.get(`/records/wells?${query}`);
      expect([status, json.code]).toEqual([400, 'invalid_parameter']);
    },
  );

  test('following next_cursor sees every row once, whatever is written meanwhile', async () => {
    const sort = q([{ field: 'days' }, { field: 'oil', order: 'desc' }]);
    const seen: number[] = [];
    let cursor: string | null = null;
    let pages = 0;
    do {
      const { json } = await server.get(
        `/records/wells?size=20&sort=${sort}${cursor === null ? '' : `&cursor=${cursor}`}`,
      );
      seen.push(...codesOf({ json }));
      expect(json.data.page).toBe(++pages);
      expect(json.data.has_previous).toBe(pages > 1);
      expect(json.data.has_next).toBe(json.data.next_cursor !== null);
      cursor = json.data.next_cursor;
      if (pages < 4) await server.create('wells', { field_code: 1000 + pages, well_code: 'new', days: 0, oil: 1 });
      if (pages === 2)
        await server.call(
          'DELETE',
          `/records/wells?filters=${q([{ field: 'field_code', operator: 'in', value: [0, 7] }])}`,
        );
    } while (cursor !== null);
    const old = seen.filter((code) => code < 1000);
    expect(new Set(old).size).toBe(old.length);
    expect(new Set(old)).toEqual(new Set(Array.from({ length: 95 }, (_, index) => index)));
    const other = await server.get(`/records/wells?size=20&sort=${sort}`);
    const foreign = await server.get(`/records/wells?size=20&cursor=${other.json.data.next_cursor}`);
    expect([foreign.status, foreign.json.code]).toEqual([400, 'invalid_page']);
  });

  test('a full last page behind a cursor leads nowhere', async () => {
    const filters = q([
      { field: 'field_code', operator: 'lt', value: 5 },
      { field: 'field_code', operator: 'gt', value: 0 },
    ]);
    const first = await server.get(`/records/wells?size=2&filters=${filters}`);
    const second = await server.get(`/records/wells?size=2&filters=${filters}&cursor=${first.json.data.next_cursor}`);
    expect(codesOf(second)).toEqual([3, 4]);
    expect(second.json.data).toMatchObject({ has_next: false, next_cursor: null, page: 2 });
  });
});

describe.each(ENGINES)('single records over %s', (engine) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer(engine);
  });
  afterAll(() => server.close());

  test('by id, in either case; a malformed id is a 400, an unknown one a 404', async () => {
    const record = await server.create('wells', { field_code: 1, well_code: 'a/b&c' });
    expect((await server.get(`/records/wells/${record.id.toUpperCase()}`)).json).toEqual(record);
    expect((await server.get('/records/wells/123')).json.code).toBe('invalid_parameter');
    expect(
      (await server.get(`/records/wells/${record.id.replace(/.$/, record.id.endsWith('0') ? '1' : '0')}`)).json.code,
    ).toBe('unknown_record');
    expect((await server.get(`/records/nope/${record.id}`)).json.code).toBe('unknown_dataset');
    expect((await server.get(`/records/notes/${record.id}`)).status).toBe(404);
  });

  test('ETag and If-None-Match', async () => {
    const record = await server.create('wells', { field_code: 2, well_code: 'A' });
    const path = `/records/wells/${record.id}`;
    expect((await server.get(path)).headers.get('etag')).toBe('"1"');
    for (const tag of ['"1"', 'W/"1"', '"0", "1"', '*']) {
      const { status, text } = await server.get(path, { 'if-none-match': tag });
      expect([status, text]).toEqual([304, '']);
    }
    expect((await server.get(path, { 'if-none-match': '"2"' })).status).toBe(200);
  });

  test('by natural key', async () => {
    const record = await server.create('wells', { field_code: 3, well_code: 'a/b & c' });
    const found = await server.get(`/records/wells/by-key?well_code=${encodeURIComponent('a/b & c')}&field_code=3`);
    expect(found.json).toEqual(record);
    expect(found.headers.get('etag')).toBe('"1"');
    expect((await server.get('/records/wells/by-key?well_code=x&field_code=3')).status).toBe(404);
    for (const query of [
      'field_code=3',
      'field_code=x&well_code=A',
      'field_code=3&well_code=A&oil=1',
      'field_code=3&field_code=4&well_code=A',
    ]) {
      expect((await server.get(`/records/wells/by-key?${query}`)).json.code, query).toBe('invalid_parameter');
    }
    expect((await server.get('/records/notes/by-key?text=x')).json.code).toBe('invalid_parameter');
  });

  test('many reads at once, known and unknown ids mixed', async () => {
    const made = await Promise.all(
      Array.from({ length: 30 }, (_, index) => server.create('wells', { field_code: 100 + index, well_code: 'A' })),
    );
    const answers = await Promise.all(
      [...made, ...made].flatMap((record, index) => [
        server.get(`/records/wells/${record.id}`),
        server.get(`/records/wells/00000000-0000-7000-8000-${String(index).padStart(12, '0')}`),
      ]),
    );
    answers.forEach((answer, index) => {
      if (index % 2 === 1) expect(answer.status).toBe(404);
      else expect(answer.json).toEqual([...made, ...made][index / 2]);
    });
  });

  test('an answer is seen by the next read', async () => {
    const record = await server.create('wells', { field_code: 500, well_code: 'A', oil: 0 });
    for (let at = 1; at < 30; at++) {
      await server.call('PATCH', `/records/wells/${record.id}`, { json: { data: { oil: at } } });
      expect((await server.get(`/records/wells/${record.id}`)).json).toMatchObject({
        version: at + 1,
        data: { oil: at },
      });
    }
  });
});
