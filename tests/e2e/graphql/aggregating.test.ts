import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENGINES, startServer, type TestServer } from '../rest/support/server.ts';

describe.each(ENGINES)('GraphQL aggregates on %s', (engine) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer(engine);
    const wells = [
      ['open', '1.2500', 10],
      ['open', '0.0001', 20],
      ['shut', null, null],
      ['shut', '3.0000', 30],
    ] as const;
    for (const [at, [status, oil, days]] of wells.entries()) {
      await server.create('wells', { field_code: 1, well_code: `w${at}`, oil: oil && Number(oil), days, status });
    }
    await server.call('POST', '/records/every/bulk', {
      headers: { 'content-type': 'application/x-ndjson' },
      body: '{"big":9007199254740993,"moment":"2024-01-31T23:00:00Z"}\n{"big":9007199254740993,"moment":"2024-02-01T00:00:00Z"}\n',
    });
  });
  afterAll(() => server.close());
  const ask = async (query: string) => (await server.post('//graphql', { query })).json;

  test('groups with their figures, exact, by a filter, sorted by a figure', async () => {
    const { data, errors } = await ask(`{
      aggregateWells(groupBy: [{ field: status }], sort: [{ function: SUM, field: oil, order: DESC }]) {
        groups { key { status wellCode } count countOf { oil } sum { oil days } avg { days } min { oil } max { days wellCode } }
        truncated
      }
      open: aggregateWells(filter: { status: { eq: "open" } }) { groups { count sum { oil } } }
    }`);
    expect(errors).toBeUndefined();
    expect(data.aggregateWells).toEqual({
      truncated: false,
      groups: [
        {
          key: { status: 'shut', wellCode: null },
          count: 2,
          countOf: { oil: 1 },
          sum: { oil: '3.0000', days: 30 },
          avg: { days: 30 },
          min: { oil: '3.0000' },
          max: { days: 30, wellCode: 'w3' },
        },
        {
          key: { status: 'open', wellCode: null },
          count: 2,
          countOf: { oil: 2 },
          sum: { oil: '1.2501', days: 30 },
          avg: { days: 15 },
          min: { oil: '0.0001' },
          max: { days: 20, wellCode: 'w1' },
        },
      ],
    });
    expect(data.open.groups).toEqual([{ count: 2, sum: { oil: '1.2501' } }]);
  });

  test('parts of time, sums past 64 bits of a number, and a cut', async () => {
    const { data } = await ask(`{
      months: aggregateEvery(groupBy: [{ field: moment, bucket: MONTH }], limit: 1) { groups { key { moment } count } truncated }
      all: aggregateEvery { groups { sum { big } max { big } } }
    }`);
    expect(data.months).toEqual({ groups: [{ key: { moment: '2024-01-01T00:00:00Z' }, count: 1 }], truncated: true });
    expect(data.all.groups).toEqual([{ sum: { big: '18014398509481986' }, max: { big: '9007199254740993' } }]);
  });

  test.each([
    ['{ aggregateWells(groupBy: [{ field: status, bucket: DAY }]) { truncated } }', /no date or timestamp/],
    ['{ aggregateWells(sort: [{ field: status }]) { truncated } }', /must name a field of group_by/],
    ['{ aggregateWells(limit: 0) { truncated } }', /from 1 to/],
  ])('%s is refused', async (query, message) => {
    const { errors } = await ask(query);
    expect(errors[0]).toMatchObject({
      message: expect.stringMatching(message),
      extensions: { code: 'invalid_parameter' },
    });
  });

  test('a connection has edges, each with the cursor behind it', async () => {
    const query = (after: string) =>
      `{ connectWells(first: 2${after}, sort: [{ field: days, order: DESC }]) {
        edges { cursor node { wellCode } } nodes { wellCode days }
        pageInfo { startCursor endCursor hasNextPage hasPreviousPage } } }`;
    const { edges, nodes, pageInfo } = (await ask(query(''))).data.connectWells;
    expect(edges.map(({ node }: { node: object }) => node)).toEqual([{ wellCode: 'w3' }, { wellCode: 'w1' }]);
    expect(nodes).toEqual([
      { wellCode: 'w3', days: 30 },
      { wellCode: 'w1', days: 20 },
    ]);
    expect(pageInfo).toEqual({
      startCursor: edges[0].cursor,
      endCursor: edges[1].cursor,
      hasNextPage: true,
      hasPreviousPage: false,
    });
    const behindFirst = (await ask(query(`, after: "${edges[0].cursor}"`))).data.connectWells;
    expect(behindFirst.nodes.map(({ wellCode }: { wellCode: string }) => wellCode)).toEqual(['w1', 'w0']);
    expect(behindFirst.pageInfo.hasPreviousPage).toBe(true);
    const last = (await ask(query(`, after: "${behindFirst.pageInfo.endCursor}"`))).data.connectWells;
    expect(last).toMatchObject({ nodes: [{ wellCode: 'w2' }], pageInfo: { hasNextPage: false } });
  });
});

describe('GraphQL writes that REST has too', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer('duckdb');
  });
  afterAll(() => server.close());
  const ask = async (query: string) => (await server.post('//graphql', { query })).json;

  test('replace gives absent properties their default', async () => {
    const { id } = await server.create('wells', { field_code: 1, well_code: 'a', oil: 2, days: 3, status: 'shut' });
    const { data } = await ask(
      `mutation { replaceWells(id: "${id}", data: { fieldCode: 1, wellCode: "a", days: 4 }) { oil days status version } }`,
    );
    expect(data.replaceWells).toEqual({ oil: null, days: 4, status: 'open', version: 2 });
  });

  test('bulkDelete needs a filter, or to be told that all is meant', async () => {
    for (const rank of [1, 2, 3]) await server.create('notes', { text: 'x', rank });
    expect((await ask('mutation { bulkDeleteNotes }')).errors[0].extensions.code).toBe('invalid_parameter');
    expect((await ask('mutation { bulkDeleteNotes(filter: { rank: { gt: 1 } }) }')).data.bulkDeleteNotes).toBe(2);
    expect((await ask('mutation { bulkDeleteNotes(all: true) }')).data.bulkDeleteNotes).toBe(1);
  });

  test('a repeated idempotency key stores nothing twice', async () => {
    const one = 'mutation { createNotes(data: { text: "once" }, idempotencyKey: "k") { id text version } }';
    const first = await ask(one);
    expect(await ask(one)).toEqual(first);
    const other = await ask('mutation { createNotes(data: { text: "other" }, idempotencyKey: "k") { id } }');
    expect(other.errors[0].extensions.code).toBe('idempotency_mismatch');
    const many =
      'mutation { bulkCreateNotes(data: [{ text: "a" }, { text: "b" }], idempotencyKey: "m") { created records { id text } } }';
    const made = await ask(many);
    expect(made.data.bulkCreateNotes.created).toBe(2);
    expect(await ask(many)).toEqual(made);
    expect((await server.get('/records/notes/count')).json.count).toBe(3);
  });
});
