import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { onServer, POSTGRES_MISSING, type PostgresServer, startPostgresServer } from '../../support/postgres-server.ts';
import { until } from '../../support/until.ts';
import type { TestServer } from '../rest/support/server.ts';
import { runToEnd, startPipelineServer } from './support/pipeline-server.ts';

const TYPED = {
  'typed.yaml':
    'name: typed\nprimary_key: [id]\nproperties:\n' +
    [
      '{name: id, type: integer, required: true}',
      '{name: exact, type: number, db_type: "DECIMAL(30,10)"}',
      '{name: real, type: number}',
      '{name: moment, type: string, db_type: TIMESTAMP}',
      '{name: day, type: string, db_type: DATE}',
      '{name: uid, type: string, db_type: UUID}',
      '{name: flag, type: boolean}',
      '{name: document, type: object, db_type: JSON}',
      '{name: list, type: array, db_type: JSON}',
      '{name: bytes, type: string}',
      '{name: word, type: string}',
    ]
      .map((line) => `  - ${line}\n`)
      .join(''),
};

let folder: string;
let server: TestServer | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-forge-pipelines-'));
});

afterEach(async () => {
  await server?.close();
  server = undefined;
  await rm(folder, { recursive: true, force: true });
});

async function idsOf(dataset: string): Promise<number[]> {
  const { text } = (await server?.get(`/records/${dataset}/stream?shape=flat`)) ?? { text: '' };
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line).id).sort((a, b) => a - b);
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at);

describe('SQLite', () => {
  test('values of every class, and rows that come later at the border, also changed ones', async () => {
    const database = new DatabaseSync(join(folder, 'shop.db'));
    database.exec(`CREATE TABLE typed (id INTEGER PRIMARY KEY, exact DECIMAL(30,10), real REAL, moment DATETIME, day DATE,
      uid TEXT, flag BOOLEAN, document JSON, list JSON, bytes BLOB, word TEXT)`);
    database.exec(`INSERT INTO typed VALUES
      (1, '0.1', 0.1, '2024-02-29T10:00:00Z', '2024-02-29', '0190d5e1-7a5b-7000-8000-000000000001', 1, '{"a":[1]}', '[1,"x"]', x'00ff', 'two
lines, "quoted"'),
      (9007199254740993, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, '')`);
    const source = { kind: 'sql', url: 'sqlite:shop.db', table: 'typed', incremental: { column: 'id' } };
    server = await startPipelineServer(
      'duckdb',
      folder,
      { 'p.json': JSON.stringify({ name: 'p', source, target: { dataset: 'typed', mode: 'upsert' } }) },
      { files: TYPED },
    );
    expect(await runToEnd(server, 'p')).toMatchObject({ error: null, state: 'succeeded', created: 2 });
    const { text } = await server.get('/records/typed/stream?shape=flat');
    const [first = '', second = ''] = text
      .split('\n')
      .sort((a, b) => a.length - b.length)
      .slice(-2)
      .reverse();
    expect(JSON.parse(first)).toMatchObject({
      id: 1,
      exact: 0.1,
      real: 0.1,
      moment: '2024-02-29T10:00:00Z',
      day: '2024-02-29',
      uid: '0190d5e1-7a5b-7000-8000-000000000001',
      flag: true,
      document: { a: [1] },
      list: [1, 'x'],
      bytes: 'AP8=',
      word: 'two\nlines, "quoted"',
    });
    expect(second).toContain('"id":9007199254740993');
    expect(JSON.parse(second)).toMatchObject({ exact: null, flag: false, bytes: null, word: '' });
    database.exec("UPDATE typed SET word = 'changed' WHERE id = 9007199254740993");
    expect(await runToEnd(server, 'p')).toMatchObject({ state: 'succeeded', created: 0, updated: 1 });
    expect(await runToEnd(server, 'p')).toMatchObject({ state: 'succeeded', created: 0, updated: 0 });
    database.close();
  });

  test('a SELECT without an end is ended with its run, or by its timeout', async () => {
    new DatabaseSync(join(folder, 'shop.db')).close();
    const query = 'WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n) SELECT count(*) AS id FROM n';
    const pipeline = (name: string, timeout: string) =>
      JSON.stringify({
        name,
        source: { kind: 'sql', url: 'sqlite:shop.db', query, timeout },
        target: { dataset: 'log' },
        retry: { attempts: 1 },
      });
    server = await startPipelineServer('duckdb', folder, {
      'a.json': pipeline('short', '1s'),
      'b.json': pipeline('long', '1h'),
    });
    const short = await runToEnd(server, 'short');
    expect(short).toMatchObject({ state: 'failed', error: { code: 'source_failed' } });
    expect(short.error.message).toContain('timeout of 1 s');
    const { json } = await server.post('/pipelines/long/runs', undefined);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect((await server.call('DELETE', `/runs/${json.id}`)).json).toMatchObject({ state: 'cancelled' });
  });
});

describe.skipIf(POSTGRES_MISSING !== null)(`PostgreSQL ${POSTGRES_MISSING ?? ''}`, () => {
  let postgres: PostgresServer;
  beforeAll(async () => {
    postgres = await startPostgresServer();
  }, 60_000);
  afterAll(() => postgres?.dispose());

  function pipeline(name: string, source: object, rest: object = {}): Record<string, string> {
    const whole = {
      name,
      source: { kind: 'sql', url: { secret: 'shop_url' }, ...source },
      target: { dataset: 'log' },
      retry: { attempts: 100, wait: '50ms', most: '200ms' },
      ...rest,
    };
    return { [`${name}.json`]: JSON.stringify(whole) };
  }

  const secrets = () => ({ FORGE_SECRET_shop_url: postgres.url });

  test('values of every type arrive as they are', async () => {
    await onServer(postgres.url, async (client) => {
      await client.query(`CREATE TYPE mood AS ENUM ('fine'); SET timezone TO 'Asia/Kolkata';
        CREATE TABLE typed (id bigint PRIMARY KEY, exact numeric, real double precision, moment timestamptz, day date, uid uuid,
          flag boolean, document jsonb, list int[], bytes bytea, word text);
        INSERT INTO typed VALUES (9007199254740993, 12345678901234567890.0123456789, 0.1, '2024-02-29 15:30:00.123456+05:30',
          '2024-02-29', '0190d5e1-7a5b-7000-8000-000000000001', true, '{"a": [1]}', '{1,null}', repeat('x', 90)::bytea, ''),
          (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`);
    });
    const target = { dataset: 'typed', mode: 'upsert' };
    server = await startPipelineServer('duckdb', folder, pipeline('p', { table: 'typed' }, { target }), {
      files: TYPED,
      env: secrets(),
    });
    expect(await runToEnd(server, 'p')).toMatchObject({ error: null, state: 'succeeded', created: 2 });
    const { text } = await server.get('/records/typed/stream?shape=flat');
    const row = text.split('\n').find((line) => line.includes('9007199254740993')) ?? '';
    expect(row).toContain('12345678901234567890.0123456789');
    expect(JSON.parse(row)).toMatchObject({
      real: 0.1,
      moment: '2024-02-29T10:00:00.123456Z',
      day: '2024-02-29',
      uid: '0190d5e1-7a5b-7000-8000-000000000001',
      flag: true,
      document: { a: [1] },
      list: [1, null],
      bytes: Buffer.from('x'.repeat(90)).toString('base64'),
      word: '',
    });
  });

  test('the server restarted in the middle of a run: every row once, and later ones with the next run', async () => {
    const { restart } = postgres;
    if (restart === null) return;
    await onServer(postgres.url, async (client) => {
      await client.query('CREATE TABLE items (id bigint, name text, at timestamptz)');
      await client.query(
        `INSERT INTO items SELECT g, repeat('row ', 120), timestamptz '2024-01-01' + g / 7 * interval '1 s' FROM generate_series(1, 60000) g`,
      );
    });
    const source = { query: 'SELECT id, name, at FROM items', incremental: { column: 'at' } };
    const files = pipeline('p', source, { transform: 'SELECT id, name FROM batch' });
    server = await startPipelineServer('duckdb', folder, files, { env: { ...secrets(), PIPELINE_BATCH: '500KB' } });
    const { json } = await server.post('/pipelines/p/runs', undefined);
    await until(async () => (await server?.get(`/runs/${json.id}`))?.json.progress?.batches > 1);
    await restart.stop();
    await new Promise((resolve) => setTimeout(resolve, 300));
    await restart.start();
    const run = (await server.get(`/runs/${json.id}?wait_ms=60000`)).json;
    expect(run).toMatchObject({ error: null, state: 'succeeded', created: 60_000 });
    expect(run.retries).toBeGreaterThan(0);
    expect(await idsOf('log')).toEqual(range(1, 60_000));
    await onServer(postgres.url, (client) =>
      client.query(
        `INSERT INTO items SELECT g, 'late', (SELECT max(at) FROM items) FROM generate_series(60001, 60010) g`,
      ),
    );
    expect(await runToEnd(server, 'p')).toMatchObject({ state: 'succeeded', created: 10 });
    expect(await runToEnd(server, 'p')).toMatchObject({ state: 'succeeded', created: 0 });
    expect(await idsOf('log')).toEqual(range(1, 60_010));
  }, 120_000);

  test('a cancelled run ends its SELECT in the server; a timeout ends it too; nothing can be written', async () => {
    const nap = { query: 'SELECT 1 AS id FROM generate_series(1, 5), pg_sleep(600)' };
    server = await startPipelineServer(
      'duckdb',
      folder,
      {
        ...pipeline('long', nap),
        ...pipeline('short', { ...nap, timeout: '1s' }, { retry: { attempts: 1 } }),
        ...pipeline('writes', { query: "SELECT setval('s', 5) AS id" }),
      },
      { env: secrets() },
    );
    const active = () =>
      onServer(postgres.url, async (client) => {
        const { rows } = await client.query(
          "SELECT pid FROM pg_stat_activity WHERE application_name = 'data-forge pipeline'",
        );
        return rows.length;
      });
    const { json } = await server.post('/pipelines/long/runs', undefined);
    await until(async () => (await active()) === 1);
    expect((await server.call('DELETE', `/runs/${json.id}`)).json).toMatchObject({ state: 'cancelled' });
    await until(async () => (await active()) === 0);
    const short = await runToEnd(server, 'short');
    expect(short).toMatchObject({ state: 'failed', error: { code: 'source_failed' } });
    expect(short.error.message).toContain('statement timeout');
    await onServer(postgres.url, (client) => client.query('CREATE SEQUENCE s'));
    const writes = await runToEnd(server, 'writes');
    expect(writes.error.message).toContain('read-only transaction');
    await until(async () => (await active()) === 0);
  });
});
