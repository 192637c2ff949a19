import { tableFromIPC } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENGINES, startServer, type TestServer } from './support/server.ts';

describe.each(ENGINES)('analyses over HTTP, on %s', (engine) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer(engine, { env: { API_TOKENS: '' } });
    for (const [code, oil, status] of [
      [1, 0.25, 'open'],
      [2, 12.5, 'shut'],
      [3, null, 'open'],
      [4, 3.25, 'open'],
    ]) {
      await server.create('wells', { field_code: code, well_code: `w${code}`, oil, status });
    }
  });
  afterAll(() => server.close());

  const BY_STATUS = {
    dataset_id: 'wells',
    operation: 'group',
    parameters: { by: [{ column: 'status' }], measures: [{ function: 'sum', column: 'oil' }, { function: 'count' }] },
  };
  const analyse = (body: object, accept?: string) =>
    server.post('/analysis', body, accept === undefined ? {} : { accept });

  test('answers a small one at once', async () => {
    const { status, json, headers } = await analyse(BY_STATUS);
    expect(status).toBe(200);
    expect(json).toMatchObject({
      success: true,
      dataset_id: 'wells',
      operation: 'group',
      processor: 'duckdb',
      note: null,
      columns: [
        { name: 'status', type: 'VARCHAR' },
        { name: 'sum_oil', type: 'DOUBLE' },
        { name: 'count', type: 'BIGINT' },
      ],
      rows: [
        ['open', 3.5, 3],
        ['shut', 12.5, 1],
      ],
      row_count: 2,
    });
    expect(headers.get('x-processor')).toBe('duckdb');
    expect(headers.get('x-analysis-id')).toBe(json.id);
  });

  test('takes the rows of a filter', async () => {
    const filters = [{ field: 'oil', operator: 'gt', value: 1 }];
    const { json } = await analyse({ ...BY_STATUS, filters });
    expect(json.rows).toEqual([
      ['open', 3.25, 1],
      ['shut', 12.5, 1],
    ]);
    const wrong = await analyse({ ...BY_STATUS, filters: [{ field: 'oli', operator: 'gt', value: 1 }] });
    expect([wrong.status, wrong.json.code]).toEqual([400, 'invalid_filter']);
  });

  test('gives the result in any format', async () => {
    const csv = await analyse(BY_STATUS, 'text/csv');
    expect(csv.text).toBe('status,sum_oil,count\nopen,3.5,3\nshut,12.5,1\n');
    const lines = await analyse(BY_STATUS, 'application/x-ndjson');
    expect(lines.text.split('\n')[0]).toBe('{"status":"open","sum_oil":3.5,"count":3}');
    const id = csv.headers.get('x-analysis-id');
    const fetched = async (accept: string) => {
      const response = await server.fetch('GET', `/analysis/${id}/result`, { headers: { accept } });
      return Buffer.from(await response.arrayBuffer());
    };
    expect(tableFromIPC(await fetched('application/vnd.apache.arrow.stream')).numRows).toBe(2);
    const parquet = await fetched('application/vnd.apache.parquet');
    expect(parquet.subarray(0, 4).toString()).toBe('PAR1');
    const other = await analyse(BY_STATUS, 'image/png');
    expect([other.status, other.json.code]).toEqual([406, 'not_acceptable']);
  });

  test('computes the same question of the same rows once, and anew when a row has come', async () => {
    const counting = { dataset_id: 'wells', operation: 'group', parameters: {} };
    const first = await analyse(counting);
    const second = await analyse(counting);
    expect([first.json.cached, second.json.cached]).toEqual([false, true]);
    expect(second.json.id).toBe(first.json.id);
    await server.create('notes', { text: 'of another dataset' });
    expect((await analyse(counting)).json.cached).toBe(true);
    const { id } = await server.create('wells', { field_code: 9, well_code: 'w9' });
    const third = await analyse(counting);
    expect([third.json.cached, third.json.rows]).toEqual([false, [[5]]]);
    await server.call('DELETE', `/records/wells/${id}`);
    expect((await analyse(counting)).json.rows).toEqual([[4]]);
  });

  test('refuses what it cannot do in one sentence that says where', async () => {
    const operation = await analyse({ dataset_id: 'wells', operation: 'sumary' });
    expect([operation.status, operation.json.code]).toEqual([400, 'invalid_parameter']);
    expect(operation.json.detail).toMatch(/"sumary" is no operation, did you mean "summary"|"sumary" is no operation/);
    const column = await analyse({ dataset_id: 'wells', operation: 'quantiles', parameters: { columns: ['status'] } });
    expect(column.json.errors).toEqual([
      { pointer: '/parameters/columns/0', message: 'status is VARCHAR, and this must be a number.' },
    ]);
    const unknown = await analyse({ dataset_id: 'wels', operation: 'summary' });
    expect([unknown.status, unknown.json.code]).toEqual([404, 'unknown_dataset']);
    const member = await analyse({ dataset_id: 'wells', operation: 'group', parameters: { bye: [] } });
    expect(member.json.detail).toBe('"bye" is not known here; the members are by, measures.');
    expect((await server.get('/analysis/nobody')).json.code).toBe('unknown_analysis');
  });

  test('answers with a job where nobody waits, and keeps its result', async () => {
    const asked = { dataset_id: 'wells', operation: 'summary', parameters: { bins: 3 }, wait_ms: 0 };
    const { status, json, headers } = await analyse(asked);
    expect(status).toBe(202);
    expect(json).toMatchObject({ dataset_id: 'wells', operation: 'summary', processor: 'duckdb', error: null });
    const address = headers.get('location')?.replace('/api/v1', '') ?? '';
    const done = await server.get(`${address}?wait_ms=10000`);
    expect(done.json).toMatchObject({ state: 'done', progress: { rows_out: 5 } });
    expect(done.json.log.length).toBeGreaterThan(2);
    const result = await server.get(`${address}/result`);
    expect(result.json.rows.map(([name]: [string]) => name)).toEqual([
      'field_code',
      'well_code',
      'oil',
      'days',
      'status',
    ]);
    const list = await server.get('/analysis');
    expect(list.json.analyses[0].id).toBe(json.id);
    expect((await server.call('DELETE', address)).status).toBe(200);
    expect((await server.get(address)).status).toBe(404);
  });

  test('takes names of any kind, and tells a property from a column of the system', async () => {
    const name = 'odd näme / 100%';
    const quoted = 'a "quoted" näme';
    await server.create(name, { id: 7, Version: "it's", [quoted]: 'x', data: { a: 1 } });
    await server.create(name, { id: 7, Version: 'b', [quoted]: 'y', data: null });
    const analysed = async (operation: string, parameters: object) => {
      const { json, text, status } = await analyse({ dataset_id: name, operation, parameters });
      expect(status, text).toBe(200);
      return json.rows;
    };
    expect((await analysed('summary', { bins: 0 })).map(([column]: [string]) => column)).toEqual([
      'id',
      'Version',
      quoted,
      'data',
    ]);
    const by = { by: [{ column: quoted }], measures: [{ function: 'sum', column: 'id' }] };
    expect(await analysed('group', by)).toEqual([
      ['x', 7],
      ['y', 7],
    ]);
    expect(await analysed('deduplicate', { on: ['id'], columns: [quoted, 'Version'] })).toEqual([['x', "it's"]]);
    expect(await analysed('pivot', { rows: ['id'], columns: 'Version', measure: { function: 'count' } })).toEqual([
      [7, 1, 1],
    ]);
    const ids = await analysed('sample', { rows: 2, columns: ['_id', 'id'] });
    expect(ids.map(([, id]: [string, number]) => id)).toEqual([7, 7]);
  });

  test('says which processor ran in health and figures', async () => {
    const health = await server.get('//health/ready');
    expect(health.json).toMatchObject({ processor: 'duckdb', processor_version: expect.stringMatching(/\d/) });
    const { text } = await server.get('//metrics');
    expect(text).toMatch(/data_forge_computations_total\{processor="duckdb",outcome="ok"\} \d+/);
  });
});
