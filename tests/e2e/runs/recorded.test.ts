import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tableFromArrays, tableToIPC } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { forge } from '../../support/forge-command.ts';
import { until } from '../../support/until.ts';
import { FlightClient } from '../flight/flight-client.ts';
import { flightData } from '../flight/flight-data.ts';
import { runToEnd, startPipelineServer } from '../pipelines/support/pipeline-server.ts';
import { ndjson, RowSource, rowsFrom, sendText } from '../pipelines/support/row-source.ts';
import { ENGINES, type TestServer } from '../rest/support/server.ts';
import { Client } from '../websocket/client.ts';

const RUN = '6a1d0000-0000-4000-8000-000000000000';
const SECRET = 'hush-hush-secret';

describe.each(ENGINES)('the records of runs on %s', (engine) => {
  let folder: string;
  let source: RowSource;
  let server: TestServer;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'data-forge-runs-'));
    source = await RowSource.start(({ url }, response) => {
      if (url.pathname === '/broken') throw new Error('no answer');
      sendText(response, 'application/x-ndjson', ndjson(rowsFrom(0, 100)));
    });
    const pipelines = {
      'rows.json': JSON.stringify({
        name: 'rows',
        source: { kind: 'rest', url: source.url, auth: { kind: 'bearer', token: { secret: 'ROWS_TOKEN' } } },
        transform: 'SELECT id, upper(name) AS name FROM batch WHERE id >= 40',
        target: { dataset: 'items', mode: 'upsert' },
      }),
      'broken.json': JSON.stringify({
        name: 'broken',
        source: { kind: 'rest', url: `${source.url}/broken` },
        target: { dataset: 'log' },
        retry: { attempts: 2, wait: '1ms' },
      }),
    };
    server = await startPipelineServer(engine, folder, pipelines, { env: { FORGE_SECRET_ROWS_TOKEN: SECRET } });
  });
  afterAll(async () => {
    await server.close();
    await source.close();
    await rm(folder, { recursive: true, force: true });
  });

  // biome-ignore lint/suspicious/noExplicitAny: records of every shape
  const runsWhere = async (...filters: [string, unknown][]): Promise<any[]> => {
    const json = { filters: filters.map(([field, value]) => ({ field, operator: 'eq', value })), size: 100 };
    const answer = await server.post('/records/forge_runs/query', json);
    expect(answer.status, answer.text).toBe(200);
    return answer.json.data.items.map(({ data }: { data: unknown }) => data);
  };
  /** The record of the only run that fits, once it has ended. */
  const ended = async (...filters: [string, unknown][]) => {
    // biome-ignore lint/suspicious/noExplicitAny: records of every shape
    let runs: any[] = [];
    await until(async () => {
      runs = await runsWhere(...filters);
      return runs.length > 0 && runs.every(({ state }) => state !== 'running');
    });
    expect(runs).toHaveLength(1);
    return runs[0];
  };

  test('are a dataset of the platform among the others', async () => {
    const { json } = await server.get('/schemas/forge_runs');
    expect(json).toMatchObject({ name: 'forge_runs', system: true, primary_key: ['run_id'] });
    expect((await server.get('/schemas/items')).json.system).toBeUndefined();
  });

  test('tell what a pipeline has done, as soon as its end is answered', async () => {
    const run = await runToEnd(server, 'rows');
    const [record] = await runsWhere(['run_id', run.id]);
    expect(record).toMatchObject({
      kind: 'pipeline',
      name: 'rows',
      dataset: 'items',
      state: 'succeeded',
      started_at: expect.any(String),
      rows_read: 60,
      rows_written: 60,
      rows_created: 60,
      rows_updated: 0,
      rows_rejected: 0,
      retries: 0,
      batches: 1,
      error_code: null,
      engine,
      settings: expect.objectContaining({ source: 'rest', transform: 'sql', mode: 'upsert', contract: 'freeze' }),
    });
    expect(Date.parse(record.started_at)).toBe(Date.parse(run.started_at));
    expect(Date.parse(record.ended_at)).toBe(Date.parse(run.ended_at));
    for (const stage of ['source_ms', 'transform_ms', 'write_ms', 'peak_memory_bytes', 'bytes', 'duration_ms']) {
      expect(record[stage], stage).toBeGreaterThan(0);
    }
    const stages = record.source_ms + record.transform_ms + record.write_ms;
    expect(stages).toBeLessThanOrEqual(record.duration_ms + 2);
    expect(JSON.stringify(await runsWhere(['name', 'rows']))).not.toContain(SECRET);
  });

  test('tell why a pipeline failed and how often it tried', async () => {
    const run = await runToEnd(server, 'broken');
    expect(run.state).toBe('failed');
    const [record] = await runsWhere(['run_id', run.id]);
    expect(record).toMatchObject({ state: 'failed', error_code: 'source_failed', retries: 1, rows_written: 0 });
    expect(record.error_message).toBe(run.error.message);
  });

  test('tell when a run was undone', async () => {
    const [before] = await runsWhere(['name', 'rows']);
    expect(before.rolled_back_at).toBeNull();
    expect((await server.post(`/runs/${before.run_id}/rollback`, undefined)).status).toBe(200);
    const [after] = await runsWhere(['run_id', before.run_id]);
    expect(after).toMatchObject({ state: 'succeeded', rolled_back_at: expect.any(String) });
  });

  test('tell of uploads, those that fail too, but not of what is refused unread or answered again', async () => {
    const upload = (body: string, query = '', headers = {}) =>
      server.call('POST', `/records/log/bulk${query}`, { body, headers: { 'content-type': 'text/csv', ...headers } });
    const once = { 'idempotency-key': `upload-${engine}` };
    const body = 'id,name\n1,a\n2,b\nx,c\n';
    for (let time = 0; time < 2; time++) {
      expect((await upload(body, '?on_invalid=reject', once)).json.records_rejected).toBe(1);
    }
    expect((await upload(body)).status).toBe(400);
    expect((await upload(body, '?on_invalid=perhaps')).status).toBe(400);
    const rejecting = await ended(['name', 'csv'], ['state', 'succeeded']);
    expect(rejecting).toMatchObject({
      kind: 'load',
      dataset: 'log',
      rows_read: 3,
      rows_written: 2,
      rows_rejected: 1,
      rows_created: 2,
      bytes: body.length,
      processor: null,
      settings: expect.objectContaining({ on_invalid: 'reject', on_conflict: 'error' }),
    });
    expect(rejecting.write_ms).toBeGreaterThan(0);
    expect(await ended(['name', 'csv'], ['state', 'failed'])).toMatchObject({
      error_code: 'invalid_value',
      rows_written: 0,
      bytes: body.length,
    });
    expect(await runsWhere(['name', 'csv'])).toHaveLength(2);
  });

  test('tell of rows that come by the other roads', async () => {
    const rows = [{ id: 10, name: 'x' }, { id: 11 }];
    expect((await server.post('/records/bulk', { schema_name: 'log', data: rows })).status).toBe(201);
    expect(await ended(['name', 'json'], ['dataset', 'log'])).toMatchObject({ rows_written: 2, state: 'succeeded' });
    const flight = new FlightClient(server.app.flightAddress ?? '');
    try {
      const table = tableFromArrays({ id: BigInt64Array.of(20n, 21n, 22n) });
      await flight.put(await flightData(tableToIPC(table, 'stream'), ['log']));
      expect(await ended(['name', 'arrow'])).toMatchObject({ kind: 'load', rows_read: 3, rows_written: 3 });
      const read = await flight.get('{"dataset":"forge_runs"}');
      expect(read.numRows).toBe((await server.get('/records/forge_runs/count')).json.count);
    } finally {
      flight.close();
    }
  });

  test('tell of analyses that were computed', async () => {
    const asked = {
      dataset_id: 'log',
      operation: 'group',
      parameters: { by: [{ column: 'name' }], measures: [{ function: 'count' }] },
    };
    for (let time = 0; time < 2; time++) expect((await server.post('/analysis', asked)).status).toBe(200);
    const analysis = await ended(['kind', 'analysis'], ['state', 'succeeded']);
    expect(analysis).toMatchObject({
      name: 'group',
      dataset: 'log',
      rows_written: 4,
      processor: 'duckdb',
      settings: expect.objectContaining({ parameters: expect.objectContaining({ by: [expect.anything()] }) }),
    });
    expect(analysis.compute_ms).toBeGreaterThan(0);
    const {
      json: { analyses },
    } = await server.get('/analysis');
    expect(analyses.map(({ id }: { id: string }) => id)).toContain(analysis.run_id);
  });

  test('can be asked by every protocol', async () => {
    const count = (await server.get('/records/forge_runs/count')).json.count;
    const query =
      '{ countForgeRuns findForgeRuns: listForgeRuns(filter: {kind: {eq: "pipeline"}}) { items { state } } }';
    const { json } = await server.post('//graphql', { query });
    expect(json.data.countForgeRuns, JSON.stringify(json)).toBe(count);
    expect(json.data.findForgeRuns.items).toHaveLength(2);
    if (engine !== 'memory') {
      const sql = 'SELECT kind, count(*) AS runs FROM forge_runs GROUP BY kind ORDER BY kind';
      const { rows } = (await server.post('/query', { sql })).json;
      expect(rows.find(([kind]: string[]) => kind === 'pipeline')).toEqual(['pipeline', 2]);
      const wrong = await server.post('/query', { sql: 'SELECT forge_runs.nothing FROM forge_runs' });
      expect([wrong.status, wrong.json.detail]).toEqual([400, expect.stringContaining('nothing')]);
    }
    const client = await Client.open(server.url);
    client.say({ type: 'query', id: 'q', schema_name: 'forge_runs', limit: 1000 });
    expect((await client.rows('q')).flatMap((text: string) => JSON.parse(`[${text}]`))).toHaveLength(count);
    client.socket.close();
    const told = await forge(['count', 'forge_runs', '--url', server.url]);
    expect([told.out.trim(), told.err]).toEqual([String(count), '']);
  });

  test('are written by nobody else', async () => {
    const before = (await server.get('/records/forge_runs/changes?limit=1000')).json.changes.length;
    const [record] = (await server.get('/records/forge_runs?size=1')).json.data.items;
    const row = { run_id: RUN, kind: 'load' };
    const upload = { body: `run_id\n${RUN}\n`, headers: { 'content-type': 'text/csv' } };
    const refused = [
      await server.post('/records', { schema_name: 'forge_runs', data: row }),
      await server.post('/records/bulk', { schema_name: 'forge_runs', data: [row] }),
      await server.call('POST', '/records/forge_runs/bulk', upload),
      await server.call('PATCH', `/records/forge_runs/${record.id}`, { json: { data: { name: 'x' } } }),
      await server.call('PUT', `/records/forge_runs/${record.id}`, { json: { data: row } }),
      await server.call('DELETE', `/records/forge_runs/${record.id}`),
      await server.call('DELETE', '/records/forge_runs?all=true'),
    ];
    for (const { status, json } of refused) {
      expect([status, json.code, json.detail]).toEqual([
        403,
        'forbidden',
        'The dataset "forge_runs" is kept by the platform itself, and can only be read.',
      ]);
    }
    const flight = new FlightClient(server.app.flightAddress ?? '');
    const stream = tableToIPC(tableFromArrays({ run_id: [RUN] }), 'stream');
    await expect(flight.put(await flightData(stream, ['forge_runs']))).rejects.toThrow(
      /PERMISSION_DENIED.*can only be read/,
    );
    flight.close();
    const client = await Client.open(server.url);
    client.say({ type: 'insert', id: 'i', schema_name: 'forge_runs', data: row });
    expect(await client.next('error', 'i')).toMatchObject({ error: { code: 'forbidden' } });
    client.socket.close();
    const mutation = `mutation { deleteForgeRuns(id: "${record.id}") }`;
    expect((await server.post('//graphql', { query: mutation })).json.errors[0].message).toContain('deleteForgeRuns');
    const paths = Object.entries((await server.get('//openapi.json')).json.paths as Record<string, object>);
    const methods = paths.filter(([path]) => path.includes('forge_runs')).flatMap(([, each]) => Object.keys(each));
    expect(new Set(methods)).toEqual(new Set(['get', 'post']));
    expect(paths.map(([path]) => path)).not.toContain('/api/v1/records/forge_runs/bulk');
    expect((await server.get('/records/forge_runs/changes?limit=1000')).json.changes).toHaveLength(before);
  });
});
