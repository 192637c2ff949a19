import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, POSTGRES_MISSING } from '../../support/postgres-database.ts';
import { describeOnRedis } from '../../support/redis-server.ts';
import { ServerProcess } from '../../support/server-process.ts';
import { MAY_MOUNT, SmallDisk } from '../../support/small-disk.ts';
import { WorkerProcess } from '../../support/worker-process.ts';
import { ndjson, RowSource } from './support/row-source.ts';

/** A property of every type, and names that SQL has to quote. */
const SHELF = {
  name: 'shelf',
  primary_key: ['no'],
  properties: [
    { name: 'no', type: 'integer' },
    { name: 'long', type: 'integer' },
    { name: 'int', type: 'integer', db_type: 'INTEGER' },
    { name: 'short', type: 'integer', db_type: 'SMALLINT' },
    { name: 'wide', type: 'number', db_type: 'DECIMAL(38,10)' },
    { name: 'price', type: 'number', db_type: 'DECIMAL(9,2)' },
    { name: 'ratio', type: 'number' },
    { name: 'Länge "x"', type: 'string' },
    { name: 'moment', type: 'string', db_type: 'TIMESTAMP' },
    { name: 'day', type: 'string', db_type: 'DATE' },
    { name: 'hour', type: 'string', db_type: 'TIME' },
    { name: 'mark', type: 'string', db_type: 'UUID' },
    { name: 'yes', type: 'boolean' },
    { name: 'more', type: 'object' },
  ],
};
const SHELVES = [
  `{"no": 1, "long": 9223372036854775807, "int": -2147483648, "short": 32767, "wide": 1234567890123456789012345678.0123456789, "price": 7.25, "ratio": 0.1, "Länge \\"x\\"": "ΣΊΣΥΦΟΣ 🜚 \\"' \\\\", "moment": "2024-02-29T23:59:59.123456Z", "day": "0001-01-01", "hour": "23:59:59.999999", "mark": "0190a0b0-c0d0-7e0f-8a0b-0c0d0e0f1011", "yes": true, "more": {"b": 1.10, "a": ["ß", null]}}`,
  `{"no": 2, "long": -9223372036854775808, "wide": -0.0000000001, "price": -9999999.99, "ratio": 1.7976931348623157e308, "Länge \\"x\\"": "", "moment": "1969-12-31T23:59:59.999999Z", "yes": false}`,
  '{"no": 3}',
];
/** What the rows come to, as texts: a value that differs anywhere is another text. */
const RESULT = {
  name: 'result',
  properties: [
    { name: 'id_of_batch', type: 'integer' },
    { name: 'kept', type: 'integer' },
    ...[...SHELF.properties.map(({ name }) => name), 'id', 'created_at', 'version'].map((name) => {
      return { name: `of ${name}`, type: 'string' };
    }),
  ],
};
const BATCHES = 12;

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** Joins every column as a text, and counts what the run itself has stored so far. */
const transformInto = (target: string) => `
  SELECT batch.id AS id_of_batch, (SELECT count(*) FROM ${target}) AS kept,
  ${[...SHELF.properties.map(({ name }) => name), 'id', 'created_at', 'version']
    .map((name) => `shelf.${quoted(name)}::VARCHAR AS ${quoted(`of ${name}`)}`)
    .join(', ')}
  FROM batch LEFT JOIN Shelf AS shelf ON shelf.no = batch.id % 5
  ORDER BY 1`;

const engines = ['duckdb', 'sqlite', ...(POSTGRES_MISSING === null ? ['postgres'] : [])];

describeOnRedis('datasets that a transform joins on a worker', (redis) => {
  let folder: string;
  let source: RowSource;
  let server: ServerProcess | null;
  let worker: WorkerProcess | null;
  let dispose: () => Promise<void>;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'data-forge-joins-'));
    for (const name of ['datasets', 'pipelines', 'scratch']) await mkdir(join(folder, name));
    [server, worker] = [null, null];
    dispose = async () => {};
    source = await RowSource.start(({ url }, response) => {
      const page = Number(url.searchParams.get('page'));
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      response.end(page > BATCHES ? '' : ndjson([{ id: page }, { id: page + 1000 }]));
    });
    await describeDataset(SHELF);
  });
  afterEach(async () => {
    await worker?.kill('SIGTERM');
    await server?.kill('SIGTERM');
    await source.close();
    await dispose();
    await rm(folder, { recursive: true, force: true });
  });

  const describeDataset = (file: { readonly name: string; readonly properties: readonly object[] }) =>
    writeFile(join(folder, 'datasets', `${encodeURIComponent(file.name)}.json`), JSON.stringify(file));

  const describePipeline = (name: string, transform: string, more: object = {}) =>
    writeFile(
      join(folder, 'pipelines', `${name}.json`),
      JSON.stringify({
        name,
        source: { kind: 'rest', url: source.url, paging: { kind: 'page' } },
        target: { dataset: name },
        transform,
        retry: { attempts: 1 },
        ...more,
      }),
    );

  const settings = () => ({ PIPELINE_BATCH: '1B', TASK_QUEUE: 'redis', REDIS_URL: redis().url });

  const startServer = async (env: Readonly<Record<string, string>>) => {
    server = await ServerProcess.start(join(folder, 'data'), join(folder, 'datasets'), {
      ...settings(),
      PIPELINES_DIR: join(folder, 'pipelines'),
      ...env,
    });
    return server.url;
  };

  const startWorker = (url: string, env: Readonly<Record<string, string>> = {}) => {
    worker = new WorkerProcess(url, { ...settings(), LOG_LEVEL: 'info', TMPDIR: join(folder, 'scratch'), ...env });
  };

  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape
  const call = async (method: string, url: string, path: string, body?: string): Promise<any> => {
    const headers = body === undefined ? {} : { 'content-type': 'application/x-ndjson' };
    const init = { method, headers, ...(body !== undefined && { body }) };
    return (await fetch(`${url}/api/v1${path}`, init)).json();
  };

  const rowsOf = async (url: string, dataset: string) => {
    const text = await (await fetch(`${url}/api/v1/records/${dataset}/stream?shape=flat`)).text();
    return text
      .trim()
      .split('\n')
      .map((line) => line.replace(/"_?id":"[^"]*",/, '').replace(/,"created_at":.*/, ''));
  };

  test.each(engines)('are there as they are in the process of the server: %s', { timeout: 180_000 }, async (engine) => {
    const env: Record<string, string> = { DB_ENGINE: engine };
    if (engine === 'postgres') {
      const database = await createTestDatabase();
      dispose = database.dispose;
      env.DATABASE_URL = database.url;
    }
    for (const name of ['here', 'there']) {
      await describeDataset({ ...RESULT, name });
      await describePipeline(name, transformInto(name));
    }
    const here = await startServer(env);
    expect(await call('POST', here, '/records/shelf/bulk', SHELVES.join('\n'))).toMatchObject({ records_created: 3 });
    expect(await call('POST', here, '/pipelines/here/runs?wait_ms=60000')).toMatchObject({
      state: 'succeeded',
      created: 2 * BATCHES,
    });
    await server?.kill('SIGTERM');

    const there = await startServer({ ...env, PIPELINE_RUNS: '0' });
    startWorker(there);
    expect(await call('POST', there, '/pipelines/there/runs?wait_ms=60000')).toMatchObject({
      state: 'succeeded',
      created: 2 * BATCHES,
      error: null,
    });
    const expected = await rowsOf(there, 'here');
    expect(expected).toHaveLength(2 * BATCHES);
    expect(expected[0]).toContain('"of wide":"1234567890123456789012345678.0123456789"');
    expect(await rowsOf(there, 'there')).toEqual(expected);
    expect(expected.at(-1)).toContain(`"kept":${2 * BATCHES - 1},`);
  });

  test('one that holds still is read once in a run, one that is not named never', { timeout: 60_000 }, async () => {
    await describeDataset({ ...SHELF, name: 'other' });
    await describeDataset({ name: 'result', properties: [{ name: 'id', type: 'integer' }] });
    await describePipeline('result', 'SELECT batch.id FROM batch JOIN shelf ON no = batch.id % 5');
    const url = await startServer({ PIPELINE_RUNS: '0' });
    startWorker(url);
    for (const name of ['shelf', 'other']) await call('POST', url, `/records/${name}/bulk`, SHELVES.join('\n'));
    const run = await call('POST', url, '/pipelines/result/runs?wait_ms=40000');
    expect(run.state).toBe('succeeded');
    expect(run.progress.batches).toBeGreaterThan(BATCHES);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toMatch(/data_forge_use_case_seconds_count\{[^}]*"stream-records"[^}]*\} 1\n/);
  });

  test('a property that a dataset gets is there in the next run', { timeout: 120_000 }, async () => {
    const result = {
      name: 'result',
      properties: [
        { name: 'id', type: 'integer' },
        { name: 'extra', type: 'string' },
      ],
    };
    await describeDataset(result);
    await describePipeline(
      'result',
      'SELECT batch.id, shelf.short::VARCHAR AS extra FROM batch JOIN shelf ON no = batch.id',
    );
    const url = await startServer({ PIPELINE_RUNS: '0' });
    startWorker(url);
    await call('POST', url, '/records/shelf/bulk', '{"no": 4, "short": 1}');
    expect(await call('POST', url, '/pipelines/result/runs?wait_ms=60000')).toMatchObject({ created: 1 });
    await describeDataset({
      ...SHELF,
      properties: [...SHELF.properties, { name: 'new', type: 'string', default: 'ß' }],
    });
    await describePipeline('result', 'SELECT batch.id, shelf.new AS extra FROM batch JOIN shelf ON no = batch.id');
    await call('POST', url, '/admin/reload');
    await call('POST', url, '/pipelines/result/reset');
    expect(await call('POST', url, '/pipelines/result/runs?wait_ms=60000')).toMatchObject({ created: 1, error: null });
    expect((await rowsOf(url, 'result')).at(-1)).toBe('{"id":4,"extra":"ß"');
  });

  test('one that is larger than a transform may join says so, and how to mend it', { timeout: 60_000 }, async () => {
    await describeDataset({ ...RESULT, name: 'there' });
    await describePipeline('there', transformInto('there'));
    const url = await startServer({ PIPELINE_RUNS: '0' });
    startWorker(url, { PROCESSOR_MAX_INPUT: '1KB' });
    await call('POST', url, '/records/shelf/bulk', SHELVES.join('\n'));
    expect(await call('POST', url, '/pipelines/there/runs?wait_ms=40000')).toMatchObject({
      state: 'failed',
      error: {
        code: 'too_large',
        message: expect.stringMatching(/^Dataset "shelf" .* PROCESSOR_MAX_INPUT of the worker/),
      },
    });
  });

  test.skipIf(!MAY_MOUNT)('one that its disk cannot hold says so', { timeout: 60_000 }, async () => {
    await describeDataset({ ...RESULT, name: 'there' });
    await describePipeline('there', transformInto('there'));
    const disk = await SmallDisk.mount(join(folder, 'small'), 2);
    try {
      const url = await startServer({ PIPELINE_RUNS: '0' });
      startWorker(url, { TMPDIR: disk.folder });
      const rows = Array.from({ length: 3000 }, (_, no) => JSON.stringify({ no, more: { text: 'x'.repeat(1000) } }));
      await call('POST', url, '/records/shelf/bulk', rows.join('\n'));
      expect(await call('POST', url, '/pipelines/there/runs?wait_ms=40000')).toMatchObject({
        state: 'failed',
        error: { code: 'resources_exhausted', message: expect.stringContaining('dataset "shelf"') },
      });
    } finally {
      await worker?.kill('SIGTERM');
      disk.unmount();
    }
  });
});
