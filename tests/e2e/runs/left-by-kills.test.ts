import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createTestDatabase, POSTGRES_MISSING } from '../../support/postgres-database.ts';
import { ServerProcess } from '../../support/server-process.ts';
import { until } from '../../support/until.ts';
import { PIPELINE_DATASETS } from '../pipelines/support/pipeline-server.ts';
import { ndjson, RowSource, rowsFrom } from '../pipelines/support/row-source.ts';

const DURABLE = ['duckdb', 'sqlite', ...(POSTGRES_MISSING === null ? (['postgres'] as const) : [])] as const;
const PAGES = 60;
const PAGE = 100;

describe.each(DURABLE)('a server on %s that is killed in the middle of runs', (engine) => {
  let folder: string;
  let source: RowSource;
  let server: ServerProcess;
  let database = { url: '', dispose: async () => {} };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'data-forge-left-'));
    for (const name of ['datasets', 'pipelines']) await mkdir(join(folder, name));
    for (const [name, text] of Object.entries(PIPELINE_DATASETS)) await writeFile(join(folder, 'datasets', name), text);
    if (engine === 'postgres') database = await createTestDatabase();
    source = await RowSource.start(async (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      for (let page = 0; page < PAGES; page++) {
        response.write(ndjson(rowsFrom(page * PAGE, (page + 1) * PAGE)));
        await sleep(20);
      }
      response.end();
    });
    const pipeline = {
      name: 'rows',
      source: { kind: 'rest', url: source.url, incremental: { field: 'id' } },
      target: { dataset: 'log' },
    };
    await writeFile(join(folder, 'pipelines', 'rows.json'), JSON.stringify(pipeline));
    server = await start();
  });
  afterEach(async () => {
    await server.kill('SIGTERM');
    await source.close();
    await database.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  const start = () =>
    ServerProcess.start(join(folder, 'data'), join(folder, 'datasets'), {
      DB_ENGINE: engine,
      DATABASE_URL: database.url,
      PIPELINES_DIR: join(folder, 'pipelines'),
      PIPELINE_BATCH: '10KB',
    });

  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape
  const call = async (method: string, path: string): Promise<any> =>
    (await fetch(`${server.url}/api/v1${path}`, { method })).json();
  // biome-ignore lint/suspicious/noExplicitAny: records of every shape
  const recordOf = async (kind: string): Promise<any> => {
    const filters = encodeURIComponent(JSON.stringify([{ field: 'kind', operator: 'eq', value: kind }]));
    const { items } = (await call('GET', `/records/forge_runs?filters=${filters}`)).data;
    expect(items.length).toBeLessThanOrEqual(1);
    return items[0]?.data ?? null;
  };

  test('has records of them that are true', { timeout: 60_000 }, async () => {
    const ended = Promise.withResolvers<void>();
    const body = new ReadableStream({
      async start(controller) {
        controller.enqueue(Buffer.from('id,name\n1,a\n'));
        await ended.promise;
      },
    });
    const init = { method: 'POST', headers: { 'content-type': 'text/csv' }, body, duplex: 'half' } as const;
    const upload = fetch(`${server.url}/api/v1/records/items/bulk`, init).catch(() => {});
    await until(async () => (await recordOf('load'))?.state === 'running');
    const { id } = await call('POST', '/pipelines/rows/runs');
    await until(async () => (await call('GET', `/runs/${id}`)).created > 0);
    expect(await recordOf('pipeline')).toMatchObject({ run_id: id, state: 'running', ended_at: null });
    await server.kill('SIGKILL');
    ended.resolve();
    await upload;
    server = await start();
    await until(async () => (await recordOf('load'))?.state === 'died');
    expect(await recordOf('load')).toMatchObject({ name: 'csv', dataset: 'items', ended_at: null, duration_ms: null });
    await call('GET', `/runs/${id}?wait_ms=60000`);
    const [record, run, { count }] = [
      await recordOf('pipeline'),
      await call('GET', `/runs/${id}`),
      await call('GET', '/records/log/count'),
    ];
    expect(count).toBe(PAGES * PAGE);
    expect([run.state, record.state]).toEqual(['succeeded', 'succeeded']);
    expect(record).toMatchObject({
      run_id: id,
      rows_created: count,
      rows_written: count,
      batches: run.progress.batches,
    });
    expect(record.source_ms).toBeGreaterThan(0);
    expect(record.write_ms).toBeGreaterThan(0);
  });
});
