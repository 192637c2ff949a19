import { tableFromIPC } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FlightClient } from '../flight/flight-client.ts';
import { ENGINES, startServer, type TestServer } from '../rest/support/server.ts';

describe.each(ENGINES)('an analysis on every road, on %s', (engine) => {
  let server: TestServer;
  let flight: FlightClient;
  beforeAll(async () => {
    server = await startServer(engine, { env: { API_TOKENS: '' } });
    flight = new FlightClient(server.app.flightAddress ?? '', null);
    const big = '9007199254740993';
    await server.call('POST', '/records/every/bulk', {
      headers: { 'content-type': 'application/x-ndjson' },
      body: `{"text":"a","big":${big},"double":1.5}\n{"text":"b","big":${big},"double":2.5}\n{"text":"a","big":1}\n`,
    });
  });
  afterAll(async () => {
    flight.close();
    await server.close();
  });

  const act = async (type: string, body: object) => {
    const results: { body: Uint8Array }[] = [];
    const request = { type, body: Buffer.from(JSON.stringify(body)) };
    for await (const result of flight.stream('DoAction', request)) results.push(result as { body: Uint8Array });
    const [job, ...pieces] = results.map((result) => Buffer.from(result.body));
    return { job: JSON.parse(String(job)), arrow: Buffer.concat(pieces) };
  };

  test('answers over GraphQL, whole numbers with all their digits', async () => {
    const { json } = await server.post('//graphql', {
      query: `query ($parameters: JSON) {
        analyse(dataset: "every", operation: group, parameters: $parameters) {
          state processor note columns { name type } rows rowCount error
        }
      }`,
      variables: { parameters: { by: [{ column: 'big' }], measures: [{ function: 'sum', column: 'double' }] } },
    });
    expect(json.errors).toBeUndefined();
    expect(json.data.analyse).toMatchObject({
      state: 'done',
      processor: 'duckdb',
      note: null,
      columns: [
        { name: 'big', type: 'BIGINT' },
        { name: 'sum_double', type: 'DOUBLE' },
      ],
      rowCount: 2,
    });
    const wrong = await server.post('//graphql', {
      query: '{ analyse(dataset: "every", operation: quantiles, parameters: {columns: ["txt"]}) { state } }',
    });
    expect(wrong.json.errors[0].extensions.code).toBe('invalid_parameter');
  });

  test('can be left, looked after and cancelled over GraphQL', async () => {
    const asked = await server.post('//graphql', {
      query: '{ analyse(dataset: "every", operation: summary, wait: 0) { id state } }',
    });
    const { id } = asked.json.data.analyse;
    const stands = await server.post('//graphql', {
      query: `{ analysis(id: "${id}", wait: 5000) { state rows log } }`,
    });
    expect(stands.json.data.analysis.state).toBe('done');
    expect(stands.json.data.analysis.rows).toHaveLength(13);
    const ended = await server.post('//graphql', { query: `mutation { cancelAnalysis(id: "${id}") { id } }` });
    expect(ended.json.data.cancelAnalysis.id).toBe(id);
    const gone = await server.post('//graphql', { query: `{ analysis(id: "${id}") { state } }` });
    expect(gone.json.errors[0].extensions).toMatchObject({ code: 'unknown_analysis', kind: 'NOT_FOUND' });
  });

  test('answers over Arrow Flight, the result as an Arrow stream', async () => {
    const { job, arrow } = await act('Analyse', {
      dataset_id: 'every',
      operation: 'group',
      parameters: { by: [{ column: 'text' }] },
    });
    expect(job).toMatchObject({ state: 'done', processor: 'duckdb', dataset_id: 'every' });
    expect(
      tableFromIPC(arrow)
        .toArray()
        .map(({ text, count }) => [text, count]),
    ).toEqual([
      ['a', 2n],
      ['b', 1n],
    ]);
    const again = await act('GetAnalysis', { id: job.id });
    expect(again.arrow.equals(arrow)).toBe(true);
    await act('CancelAnalysis', { id: job.id });
    await expect(act('GetAnalysis', { id: job.id })).rejects.toMatchObject({ code: 5 });
  });
});
