import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { tableFromIPC } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENGINES, startServer, type TestServer } from './support/server.ts';

describe('SQL over HTTP', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer('duckdb', {
      env: { MAX_SQL_QUERIES: '2', SQL_TIMEOUT_MS: '20000', API_TOKENS: '', SQL_MAX_BYTES: '40MB' },
    });
    for (const [code, oil] of [
      [1, 0.25],
      [2, 12.5],
      [3, null],
    ]) {
      await server.create('wells', { field_code: code, well_code: `w${code}`, oil });
    }
    await server.create('every', { big: '9007199254740993', list: [1.5, 'x'] }).catch(() => {});
  });
  afterAll(() => server.close());

  const ask = (body: object, accept?: string) => server.post('/query', body, accept === undefined ? {} : { accept });

  test('answers with columns and rows', async () => {
    const { status, json } = await ask({ sql: 'SELECT field_code, oil FROM wells ORDER BY field_code;' });
    expect(status).toBe(200);
    expect(json).toMatchObject({
      success: true,
      columns: [
        { name: 'field_code', type: 'BIGINT' },
        { name: 'oil', type: 'DECIMAL(18,4)' },
      ],
      rows: [
        [1, 0.25],
        [2, 12.5],
        [3, null],
      ],
      row_count: 3,
      truncated: false,
    });
    expect(json.execution_time_ms).toBeGreaterThan(0);
  });

  test('writes values exactly', async () => {
    const { text } = await ask({
      sql: "SELECT 9007199254740993 AS a, 170141183460469231731687303715884105727::HUGEINT // 10 AS b, 7.25::DECIMAL(9,4) AS c, 'ab'::BLOB AS d, INTERVAL '1 month 2 hours' AS e, MAP {'k': 1} AS f, {'x': [1, NULL]} AS g, 1 AS a",
    });
    expect(text).toContain(
      '"rows":[[9007199254740993,17014118346046923173168730371588410572,7.2500,"YWI=","P1MT2H",[["k",1]],{"x":[1,null]},1]]',
    );
    expect(text).toContain('{"name":"a_2","type":"INTEGER"}');
  });

  test('binds parameters by place and by name', async () => {
    const rows = async (sql: string, params: unknown) =>
      (await ask({ sql, params })).text.match(/"rows":(.*),"row_count/)?.[1];
    expect(await rows('SELECT field_code FROM wells WHERE oil > ? AND well_code = ?', [1, 'w2'])).toBe('[[2]]');
    expect(await rows('SELECT $b, $a', { a: 1, b: null })).toBe('[[null,1]]');
    expect((await ask({ sql: 'SELECT ?' })).json).toMatchObject({ code: 'invalid_sql', status: 400 });
    expect((await ask({ sql: 'SELECT ?', params: [[1]] })).json).toMatchObject({ code: 'invalid_body' });
  });

  test('cuts a JSON answer at its limit and says so', async () => {
    const few = (await ask({ sql: 'SELECT * FROM range(5)', limit: 2 })).json;
    expect([few.rows, few.row_count, few.truncated]).toEqual([[[0], [1]], 2, true]);
    const many = (await ask({ sql: 'SELECT * FROM range(20000)' })).json;
    expect([many.rows.length, many.truncated]).toEqual([10_000, true]);
    const none = (await ask({ sql: 'SELECT * FROM range(5)', limit: 0 })).json;
    expect([none.rows, none.truncated]).toEqual([[], true]);
  });

  test('streams every format without a limit', async () => {
    const sql = 'SELECT i AS n, i::VARCHAR AS t FROM range(20000) AS r(i)';
    const csv = await ask({ sql }, 'text/csv');
    expect(csv.text.split('\n')).toHaveLength(20_002);
    expect(csv.text.startsWith('n,t\n0,0\n')).toBe(true);
    const ndjson = await ask({ sql, limit: 3 }, 'application/x-ndjson');
    expect(ndjson.text).toBe('{"n":0,"t":"0"}\n{"n":1,"t":"1"}\n{"n":2,"t":"2"}\n');
    const arrow = await server.fetch('POST', '/query', {
      body: JSON.stringify({ sql }),
      headers: { 'content-type': 'application/json', accept: 'application/vnd.apache.arrow.stream' },
    });
    expect(tableFromIPC(new Uint8Array(await arrow.arrayBuffer())).numRows).toBe(20_000);
    expect((await ask({ sql }, 'image/png')).status).toBe(406);
  });

  test('Parquet is read by another engine', async () => {
    const response = await server.fetch('POST', '/query', {
      body: JSON.stringify({ sql: "SELECT sum(1) AS s, TIMESTAMP '2024-01-02' AS t, NULL AS n, [1] AS l" }),
      headers: { 'content-type': 'application/json', accept: 'application/vnd.apache.parquet' },
    });
    const folder = await mkdtemp(join(tmpdir(), 'data-forge-sql-'));
    try {
      const file = join(folder, 'answer.parquet');
      await writeFile(file, Buffer.from(await response.arrayBuffer()));
      const connection = await (await DuckDBInstance.create(':memory:')).connect();
      const rows = await connection.runAndReadAll(`DESCRIBE SELECT * FROM read_parquet('${file}')`);
      expect(rows.getRowsJson().map((row) => row[1])).toEqual([
        'DECIMAL(38,0)',
        'TIMESTAMP WITH TIME ZONE',
        'INTEGER',
        'INTEGER[]',
      ]);
      connection.closeSync();
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test.each([
    ['SELECT * FROM forge.meta', 400, 'invalid_sql'],
    ["SELECT * FROM read_csv('/etc/passwd')", 400, 'invalid_sql'],
    ['DROP TABLE wells', 400, 'invalid_sql'],
    ['SELECT nothing FROM wells', 400, 'invalid_sql'],
    ["SELECT 'x'::INTEGER", 400, 'invalid_sql'],
    ['', 400, 'invalid_sql'],
  ])('refuses %s', async (sql, status, code) => {
    const { json } = await ask({ sql });
    expect(json).toMatchObject({ status, code });
    expect(json.detail).not.toMatch(/store\.|\/tmp|LINE 1/);
  });

  test('an error in a stream before its first block is a proper answer', async () => {
    const { status, json } = await ask({ sql: "SELECT 'x'::INTEGER" }, 'application/x-ndjson');
    expect([status, json?.code]).toEqual([400, 'invalid_sql']);
  });

  test('refuses bodies that are not its own', async () => {
    expect((await ask({})).json.code).toBe('invalid_body');
    expect((await ask({ sql: 1 })).json.code).toBe('invalid_body');
    expect((await ask({ sql: 'SELECT 1', more: 1 })).json.code).toBe('invalid_body');
    expect((await ask({ sql: 'SELECT 1', limit: -1 })).json.code).toBe('invalid_parameter');
    expect((await ask({ sql: 'SELECT 1', timeout_ms: 0 })).json.code).toBe('invalid_parameter');
  });

  const running = async () => Number(/^data_forge_sql_queries (\d+)/m.exec((await server.get('//metrics')).text)?.[1]);

  const ENDLESS = 'SELECT count(*) FROM range(100000000000) AS r(x) WHERE hash(x) = 1';

  test('stops at its time limit', async () => {
    const started = performance.now();
    const { status, json } = await ask({ sql: ENDLESS, timeout_ms: 300 });
    expect([status, json.code]).toEqual([408, 'query_timeout']);
    expect(performance.now() - started).toBeLessThan(8000);
  });

  test('a client that leaves frees its place; too many at once are told so', async () => {
    const controllers = [new AbortController(), new AbortController()];
    const hung = controllers.map(({ signal }) =>
      server.call('POST', '/query', { json: { sql: ENDLESS }, signal }).catch(() => null),
    );
    await expect.poll(running, { timeout: 10_000 }).toBe(2);
    expect((await ask({ sql: 'SELECT 1' })).status).toBe(429);
    for (const controller of controllers) controller.abort();
    await Promise.all(hung);
    await expect.poll(running, { timeout: 10_000 }).toBe(0);
    expect((await ask({ sql: 'SELECT 1' })).status).toBe(200);
  });

  test('a client that vanishes in the middle of a stream leaves no query behind', async () => {
    for (const accept of ['text/csv', 'application/vnd.apache.arrow.stream', 'application/x-ndjson']) {
      const controller = new AbortController();
      const response = await server.fetch('POST', '/query', {
        body: JSON.stringify({ sql: 'SELECT i, hash(i) FROM range(1000000000) AS r(i)' }),
        headers: { 'content-type': 'application/json', accept },
        signal: controller.signal,
      });
      await response.body?.getReader().read();
      controller.abort();
      await expect.poll(running, { timeout: 10_000 }).toBe(0);
    }
    expect((await ask({ sql: 'SELECT 1' })).status).toBe(200);
  });

  test('a stream past the limit of bytes is broken off', async () => {
    const sql = "SELECT repeat('x', 1000) FROM range(100000)";
    await expect(ask({ sql }, 'text/csv')).rejects.toThrow();
    expect((await ask({ sql, limit: 100_000 })).json.code).toBe('too_large');
  });

  test('is in the OpenAPI document', async () => {
    const { json } = await server.get('//openapi.json');
    expect(json.paths['/api/v1/query'].post.summary).toBeTruthy();
  });
});

describe('SQL over HTTP on sqlite', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer('sqlite');
    await server.create('wells', { field_code: 1, well_code: 'w1', oil: 0.25 });
    await server.create('wells', { field_code: 2, well_code: 'w2', oil: null });
  });
  afterAll(() => server.close());

  test('answers with columns and rows, whole or as a stream', async () => {
    const sql = 'SELECT field_code, oil, count(*) OVER () AS n FROM wells ORDER BY field_code';
    const { status, text } = await server.post('/query', { sql });
    expect([status, text.match(/"rows":(.*),"row_count/)?.[1]]).toEqual([200, '[[1,0.2500,2],[2,null,2]]']);
    const csv = await server.post('/query', { sql }, { accept: 'text/csv' });
    expect(csv.text).toBe('field_code,oil,n\n1,0.2500,2\n2,,2\n');
  });

  const ENDLESS = 'WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n';

  test('stops at its time limit', async () => {
    const { status, json } = await server.post('/query', { sql: ENDLESS, timeout_ms: 300 });
    expect([status, json.code], json.detail).toEqual([408, 'query_timeout']);
  });

  test('a client that leaves leaves no query behind, and nobody waits for it', async () => {
    const controller = new AbortController();
    const hung = server.call('POST', '/query', { json: { sql: ENDLESS }, signal: controller.signal }).catch(() => null);
    const { id } = await server.create('wells', { field_code: 3, well_code: 'w3', oil: 1 });
    expect((await server.get(`/records/wells/${id}`)).status).toBe(200);
    controller.abort();
    await hung;
    const running = async () => /^data_forge_sql_queries (\d+)/m.exec((await server.get('//metrics')).text)?.[1];
    await expect.poll(running, { timeout: 10_000 }).toBe('0');
  });

  test.each([
    'SELECT * FROM "forge.meta"',
    'SELECT * FROM sqlite_master',
    'DROP VIEW wells',
    'SELECT nothing FROM wells',
  ])('refuses %s', async (sql) => {
    const { json } = await server.post('/query', { sql });
    expect(json).toMatchObject({ status: 400, code: 'invalid_sql' });
  });
});

describe.skipIf(!ENGINES.includes('postgres'))('SQL over HTTP on postgres', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer('postgres');
    await server.create('wells', { field_code: 1, well_code: 'w1', oil: 0.25 });
    await server.create('wells', { field_code: 2, well_code: 'w2', oil: null });
  });
  afterAll(() => server.close());

  test('answers with columns and rows, whole or as a stream', async () => {
    const sql = 'SELECT field_code, oil, count(*) OVER () AS n FROM wells WHERE field_code < $1 ORDER BY field_code';
    const { status, text } = await server.post('/query', { sql, params: [3] });
    expect([status, text.match(/"rows":(.*),"row_count/)?.[1]]).toEqual([200, '[[1,0.2500,2],[2,null,2]]']);
    const csv = await server.post('/query', { sql, params: [3] }, { accept: 'text/csv' });
    expect(csv.text).toBe('field_code,oil,n\n1,0.2500,2\n2,,2\n');
  });

  test.each(['SELECT * FROM data_forge."forge.store"', 'SELECT * FROM pg_class', 'DROP VIEW wells'])(
    'refuses %s',
    async (sql) => {
      const { json } = await server.post('/query', { sql });
      expect(json).toMatchObject({ status: 400, code: 'invalid_sql' });
    },
  );
});

test('an engine without SQL says so', async () => {
  const server = await startServer('memory');
  try {
    const { status, json } = await server.post('/query', { sql: 'SELECT 1' });
    expect([status, json.code]).toEqual([501, 'unsupported_by_engine']);
    expect(json.detail).toContain('DB_ENGINE');
  } finally {
    await server.close();
  }
});

test('a token with the right to read is enough, and one is needed', async () => {
  const server = await startServer('duckdb', { env: { API_TOKENS: 'reader:sesame-open:read' } });
  try {
    expect((await server.post('/query', { sql: 'SELECT 1' })).status).toBe(401);
    expect((await server.post('/query', { sql: 'SELECT 1' }, { authorization: 'Bearer sesame-open' })).status).toBe(
      200,
    );
  } finally {
    await server.close();
  }
});
