import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENGINES, startServer, type TestServer } from '../rest/support/server.ts';

describe.each(ENGINES)('GraphQL on %s', (engine) => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startServer(engine);
    for (let code = 1; code <= 5; code++) {
      await server.create('wells', { field_code: code, well_code: `w${code}`, oil: code / 4, days: code });
    }
  });

  afterAll(() => server.close());

  const ask = async (query: string, variables: unknown = {}) => {
    return (await server.post('//graphql', { query, variables })).json;
  };

  test('the standard introspection query passes the limits', async () => {
    const { data, errors } = await ask(getIntrospectionQuery());
    expect(errors).toBeUndefined();
    expect(data.__schema.queryType.name).toBe('Query');
  });

  test('a list filters, sorts and pages', async () => {
    const query = `query ($filter: WellsFilter) {
      listWells(filter: $filter, sort: [{ field: days, order: DESC }], size: 2, page: 1) {
        items { fieldCode oil days } total hasNext nextCursor
      }
    }`;
    const filter = { _or: [{ days: { gte: 3 } }, { wellCode: { eq: 'w1' } }], _not: { fieldCode: { in: [5] } } };
    const { data } = await ask(query, { filter });
    expect(data.listWells).toEqual({
      items: [
        { fieldCode: 4, oil: '1.0000', days: 4 },
        { fieldCode: 3, oil: '0.7500', days: 3 },
      ],
      total: 3,
      hasNext: true,
      nextCursor: expect.any(String),
    });
  });

  test('a connection goes on behind its cursor, and counts', async () => {
    const query = `query ($after: String) {
      connectWells(first: 3, after: $after) { nodes { days } totalCount pageInfo { hasNextPage endCursor } }
      countWells
    }`;
    const first = (await ask(query)).data;
    expect(first.countWells).toBe(5);
    const next = (await ask(query, { after: first.connectWells.pageInfo.endCursor })).data.connectWells;
    expect([...first.connectWells.nodes, ...next.nodes].map(({ days }) => days)).toEqual([1, 2, 3, 4, 5]);
    expect(next.pageInfo.hasNextPage).toBe(false);
  });

  test('a record is found by its id and by its key, and null where there is none', async () => {
    const { data } = await ask('{ findWells(fieldCode: 2, wellCode: "w2") { id version createdAt oil } }');
    expect(data.findWells).toMatchObject({ version: 1, oil: '0.5000' });
    const { id } = data.findWells;
    expect((await ask(`{ getWells(id: "${id}") { wellCode } }`)).data.getWells).toEqual({ wellCode: 'w2' });
    const none = await ask(`{ getWells(id: "${crypto.randomUUID()}") { wellCode } }`);
    expect(none).toEqual({ data: { getWells: null } });
  });

  test('values keep every digit, and names of any kind are reached', async () => {
    const { big, ...rest } = { big: '9007199254740993', price: '7.2500' };
    const body = `{"schema_name":"every","data":{"big":${big},"price":7.25,"extra":{"n":12345678901234567890.10},"double":0.1}}`;
    await server.call('POST', '/records', { body, headers: { 'content-type': 'application/json' } });
    const answer = await server.post('//graphql', { query: '{ listEvery { items { big price extra double } } }' });
    expect(answer.json.data.listEvery.items[0]).toMatchObject({ big, double: 0.1, ...rest });
    expect(answer.text).toContain('{"n":12345678901234567890.10}');
    await server.create('odd näme / 100%', { id: 7, 'a "quoted" näme': 'x' });
    const odd = 'listOdd_u20_n_ue4_me_u20__u2f__u20_100_u25_';
    const { data } = await ask(`{ ${odd} { items { id _id a_u20__u22_quoted_u22__u20_n_ue4_me } } }`);
    expect(data[odd].items).toEqual([
      { id: 7, _id: expect.stringMatching(/^[0-9a-f-]{36}$/), a_u20__u22_quoted_u22__u20_n_ue4_me: 'x' },
    ]);
  });

  test.each([
    ['a page that is none', '{ listWells(page: 0) { total } }', 'invalid_page'],
    ['a pattern with a lone backslash', '{ countWells(filter: { status: { like: "\\\\" } }) }', 'invalid_filter'],
    ['an unknown field', '{ listWells { nothing } }', 'invalid_body'],
    ['a document that is none', '{', 'invalid_body'],
    ['too many aliases', `{ ${Array.from({ length: 31 }, (_, at) => `a${at}: countWells`).join(' ')} }`, 'too_large'],
    ['too great a cost', `{ ${'listWells { total } '.repeat(100)} }`, 'too_large'],
  ])('%s is refused by a code', async (_, query, code) => {
    const { errors } = await ask(query);
    expect(errors[0].extensions.code).toBe(code);
    expect(JSON.stringify(errors)).not.toMatch(/SELECT|node_modules|\.ts:/);
  });
});

test('a token is asked for as everywhere', async () => {
  const server = await startServer('memory', { env: { API_TOKENS: 'reader:secret-of-reader:read' } });
  try {
    expect((await server.post('//graphql', { query: '{ countWells }' })).status).toBe(401);
    const headers = { authorization: 'Bearer secret-of-reader' };
    expect((await server.post('//graphql', { query: '{ countWells }' }, headers)).json.data).toEqual({ countWells: 0 });
  } finally {
    await server.close();
  }
});
