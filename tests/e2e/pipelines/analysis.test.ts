import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../../support/until.ts';
import { ENGINES, type TestServer } from '../rest/support/server.ts';
import { runToEnd, startPipelineServer } from './support/pipeline-server.ts';

const DATASETS = {
  'sales.yaml':
    'name: sales\nproperties:\n  - {name: region, type: string}\n  - {name: amount, type: number}\n  - {name: code, type: integer}\n',
  'regions.yaml': 'name: regions\nprimary_key: [code]\nproperties:\n  - {name: code, type: integer}\n',
  'by_region.yaml':
    'name: by_region\nprimary_key: [region]\nproperties:\n  - {name: region, type: string}\n  - {name: total, type: number}\n  - {name: rows, type: integer}\n',
  'totals.yaml':
    'name: totals\nproperties:\n  - {name: region, type: string}\n  - {name: total, type: number}\n  - {name: at, type: string, db_type: TIMESTAMP}\n',
};
const GROUP = {
  dataset: 'sales',
  operation: 'group',
  parameters: {
    by: [{ column: 'region' }],
    measures: [
      { function: 'sum', column: 'amount', as: 'total' },
      { function: 'count', as: 'rows' },
    ],
  },
  filters: [{ field: 'amount', operator: 'gt', value: 0 }],
};
const ROWS = [
  { region: 'north', amount: 1.5, code: 1 },
  { region: 'south', amount: 2, code: 2 },
  { region: 'north', amount: 3, code: 1 },
  { region: 'north', amount: -7, code: 3 },
];

let folder: string;
let server: TestServer | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-forge-analysis-'));
});

afterEach(async () => {
  await server?.close();
  server = undefined;
  await rm(folder, { recursive: true, force: true });
});

async function start(engine: (typeof ENGINES)[number], pipelines: Readonly<Record<string, object>>) {
  const files = Object.entries(pipelines).map(([name, more]) => [`${name}.json`, JSON.stringify({ name, ...more })]);
  server = await startPipelineServer(engine, folder, Object.fromEntries(files), { files: DATASETS });
  await add(server, 'sales', ROWS);
  return server;
}

async function add(to: TestServer, dataset: string, rows: readonly object[]): Promise<void> {
  expect((await to.post('/records/bulk', { schema_name: dataset, data: rows })).status).toBe(201);
}

// biome-ignore lint/suspicious/noExplicitAny: records of every shape
async function rowsOf(from: TestServer, dataset: string): Promise<any[]> {
  const { text } = await from.get(`/records/${dataset}/stream?shape=flat`);
  return text
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** The rows as the analysis gives them to whoever asks for it. */
async function asked(of: TestServer): Promise<unknown[][]> {
  const { dataset: dataset_id, ...question } = GROUP;
  return (await of.post('/analysis', { dataset_id, ...question })).json.rows;
}

const messages = ({ log }: { readonly log: readonly { readonly message: string }[] }) =>
  log.map(({ message }) => message).join('\n');

describe.each(ENGINES)('an analysis as a source, on %s', (engine) => {
  test('gives what POST /analysis answers, and nothing while the dataset stays as it is', async () => {
    const now = await start(engine, {
      sums: { source: { kind: 'analysis', ...GROUP }, target: { dataset: 'by_region', mode: 'replace' } },
    });
    const first = await runToEnd(now, 'sums');
    expect(first).toMatchObject({ state: 'succeeded', created: 2, error: null });
    const stored = async () => (await rowsOf(now, 'by_region')).map(({ region, total, rows }) => [region, total, rows]);
    expect((await stored()).sort()).toEqual((await asked(now)).sort());
    expect((await stored()).sort()).toEqual([
      ['north', 4.5, 2],
      ['south', 2, 1],
    ]);

    const again = await runToEnd(now, 'sums');
    expect(again).toMatchObject({ state: 'succeeded', created: 0, updated: 0, deleted: 0 });
    expect(messages(again)).toContain('sales has not changed since the last run');
    expect(await stored()).toHaveLength(2);

    await add(now, 'regions', [{ code: 1 }]);
    expect(messages(await runToEnd(now, 'sums'))).toContain('sales has not changed');
    await now.call(
      'DELETE',
      `/records/sales?filters=${encodeURIComponent('[{"field":"region","operator":"eq","value":"south"}]')}`,
    );
    await add(now, 'sales', [{ region: 'west', amount: 9 }]);
    expect(await runToEnd(now, 'sums')).toMatchObject({ state: 'succeeded', created: 1, deleted: 1 });
    expect((await stored()).sort()).toEqual((await asked(now)).sort());

    const { json: runs } = await now.get('/records/forge_runs?size=100');
    const kinds = runs.data.items.map(({ data }: { data: { kind: string; caller: string } }) => data);
    expect(kinds.filter(({ kind }: { kind: string }) => kind === 'pipeline')).toHaveLength(4);
  });

  test('takes the time of the run from the transform, and stores the same rows again where it is told to', async () => {
    const now = await start(engine, {
      history: {
        source: { kind: 'analysis', ...GROUP, unchanged: 'store' },
        transform: 'SELECT region, total, now() AS at FROM batch',
        target: { dataset: 'totals' },
      },
    });
    const before = Date.now();
    expect(await runToEnd(now, 'history')).toMatchObject({ state: 'succeeded', created: 2 });
    expect(await runToEnd(now, 'history')).toMatchObject({ state: 'succeeded', created: 2 });
    const rows = await rowsOf(now, 'totals');
    expect(new Set(rows.map(({ at }) => at)).size).toBe(2);
    for (const { at } of rows) {
      expect(Date.parse(at)).toBeGreaterThanOrEqual(before - 1);
      expect(Date.parse(at)).toBeLessThanOrEqual(Date.now() + 1);
    }
  });

  test('keeps a dataset of summaries current, each time that rows have come', { timeout: 60_000 }, async () => {
    const now = await start(engine, {
      current: {
        source: { kind: 'analysis', ...GROUP },
        target: { dataset: 'by_region', mode: 'replace' },
        schedule: { on_change: 'sales' },
      },
    });
    const total = async () => (await rowsOf(now, 'by_region')).find(({ region }) => region === 'north')?.total;
    await add(now, 'sales', [{ region: 'north', amount: 10 }]);
    await until(async () => (await total()) === 14.5, 30_000);
    await add(now, 'sales', [{ region: 'north', amount: 100 }]);
    await until(async () => (await total()) === 114.5, 30_000);
  });

  test('is undone like any run, and then computed anew', async () => {
    const now = await start(engine, {
      sums: { source: { kind: 'analysis', ...GROUP }, target: { dataset: 'by_region', mode: 'upsert' } },
    });
    const { id } = await runToEnd(now, 'sums');
    expect((await now.post(`/runs/${id}/rollback`, undefined)).json).toMatchObject({ records: 2, cursor_reset: true });
    expect(await rowsOf(now, 'by_region')).toEqual([]);
    expect(await runToEnd(now, 'sums')).toMatchObject({ created: 2 });
    const backfill = await now.post('/pipelines/sums/backfills', { from: '1', to: '2' });
    expect([backfill.status, backfill.json.detail]).toEqual([
      400,
      expect.stringContaining('cannot be asked for a window'),
    ]);
  });

  test('looks at both datasets of a join', async () => {
    const now = await start(engine, {
      joined: {
        source: {
          kind: 'analysis',
          dataset: 'sales',
          operation: 'join',
          parameters: {
            with: 'regions',
            on: [{ left: 'code', right: 'code' }],
            columns: ['region'],
            other_columns: ['code'],
          },
        },
        transform: 'SELECT DISTINCT region FROM batch',
        target: { dataset: 'by_region', mode: 'replace' },
      },
    });
    expect(await runToEnd(now, 'joined')).toMatchObject({ state: 'succeeded', created: 0 });
    await add(now, 'regions', [{ code: 2 }]);
    expect(await runToEnd(now, 'joined')).toMatchObject({ state: 'succeeded', created: 1 });
    expect(messages(await runToEnd(now, 'joined'))).toContain('sales and regions have not changed');
  });
});

describe('an analysis that takes long, as a source', () => {
  test('is cancelled with its run', { timeout: 60_000 }, async () => {
    const rows = Array.from({ length: 20_000 }, (_, code) => ({ region: `r ${code % 2}`, amount: code, code: 1 }));
    const now = await start('duckdb', {
      pairs: {
        source: {
          kind: 'analysis',
          dataset: 'sales',
          operation: 'join',
          parameters: { with: 'sales', on: [{ left: 'code', right: 'code' }], limit: 10_000_000 },
        },
        target: { dataset: 'totals' },
      },
    });
    await add(now, 'sales', rows);
    const { json: run } = await now.post('/pipelines/pairs/runs', undefined);
    const analyses = async () => (await now.get('/analysis')).json.analyses;
    await until(async () => (await analyses())[0]?.state === 'running', 30_000);
    expect((await now.call('DELETE', `/runs/${run.id}`)).json).toMatchObject({ state: 'cancelled', created: 0 });
    expect(await analyses()).toMatchObject([{ state: 'cancelled', operation: 'join' }]);
  });

  test('fails its run with what it failed of, where that is more than the filter of one analysis may say', async () => {
    const condition = { field: 'amount', operator: 'gt', value: 0 };
    const now = await start('duckdb', {
      many: {
        source: { kind: 'analysis', ...GROUP, filters: Array(2000).fill(condition) },
        target: { dataset: 'by_region' },
      },
    });
    const { dataset: dataset_id, ...question } = GROUP;
    const asked = await now.post('/analysis', { dataset_id, ...question, filters: Array(2000).fill(condition) });
    expect(asked.status).toBe(400);
    expect(await runToEnd(now, 'many')).toMatchObject({
      state: 'failed',
      error: { code: asked.json.code, message: asked.json.detail },
    });
  });
});

test('an analysis as a source is computed anew once its transform has changed', async () => {
  const source = { kind: 'analysis', ...GROUP };
  const target = { dataset: 'by_region', mode: 'replace' };
  const started = async (more: object) => {
    await server?.close();
    const pipelines = { 'sums.json': JSON.stringify({ name: 'sums', source, target, ...more }) };
    const env = { DATA_DIR: join(folder, 'data') };
    server = await startPipelineServer('duckdb', join(folder, 'pipelines'), pipelines, { files: DATASETS, env });
    return server;
  };
  const first = await started({});
  await add(first, 'sales', ROWS);
  expect(await runToEnd(first, 'sums')).toMatchObject({ state: 'succeeded', created: 2 });
  const same = await started({ description: 'Sums' });
  expect(messages(await runToEnd(same, 'sums'))).toContain('sales has not changed');
  const other = await started({ transform: 'SELECT region, total * 2 AS total, "rows" FROM batch' });
  expect(await runToEnd(other, 'sums')).toMatchObject({ state: 'succeeded', updated: 2, deleted: 0 });
  expect((await rowsOf(other, 'by_region')).map(({ total }) => total).sort()).toEqual([4, 9]);
  expect(messages(await runToEnd(other, 'sums'))).toContain('sales has not changed');
});
