import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENGINES, startServer, type TestServer } from '../rest/support/server.ts';

describe.each(ENGINES)('writing over GraphQL on %s', (engine) => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startServer(engine);
  });

  afterAll(() => server.close());

  const ask = async (query: string, variables: unknown = {}) => {
    return (await server.post('//graphql', { query, variables })).json;
  };

  test('a record is made, changed where its version fits, and deleted', async () => {
    const make = 'mutation ($data: EveryInput!) { createEvery(data: $data) { id big price extra moment version } }';
    const data = { big: '-9007199254740993', price: '7.25', extra: { b: [1] }, moment: '2024-01-15' };
    const { id, ...made } = (await ask(make, { data })).data.createEvery;
    expect(made).toEqual({ ...data, price: '7.2500', moment: '2024-01-15T00:00:00Z', version: 1 });
    const change = `mutation ($v: Int) { updateEvery(id: "${id}", data: { price: null, int: 5 }, ifVersion: $v) { price int big } }`;
    expect((await ask(change, { v: 7 })).errors[0].extensions.code).toBe('version_moved');
    expect((await ask(change, { v: 1 })).data.updateEvery).toEqual({ price: null, int: 5, big: data.big });
    const remove = `mutation { deleteEvery(id: "${id}") }`;
    expect((await ask(remove)).data).toEqual({ deleteEvery: true });
    expect((await ask(remove)).errors[0].extensions.code).toBe('unknown_record');
  });

  test('many records are made, all or none', async () => {
    const query = `mutation ($data: [WellsInput!]!, $onConflict: ConflictPolicy) {
      bulkCreateWells(data: $data, onConflict: $onConflict) { created updated records { wellCode days status } }
    }`;
    const data = [1, 2].map((fieldCode) => ({ fieldCode, wellCode: `w${fieldCode}`, days: fieldCode }));
    expect((await ask(query, { data })).data.bulkCreateWells).toEqual({
      created: 2,
      updated: 0,
      records: [
        { wellCode: 'w1', days: 1, status: 'open' },
        { wellCode: 'w2', days: 2, status: 'open' },
      ],
    });
    const { errors } = await ask(query, { data: [{ fieldCode: 3, wellCode: 'w3', days: 32 }, data[0]] });
    expect(errors[0].extensions).toMatchObject({ code: 'invalid_value', errors: [{ pointer: '/data/0/days' }] });
    expect((await ask(query, { data })).errors[0].extensions.code).toBe('key_exists');
    const again = data.map((row) => ({ ...row, days: 9 }));
    expect((await ask(query, { data: again, onConflict: 'UPDATE' })).data.bulkCreateWells.updated).toBe(2);
    expect((await ask('{ countWells(filter: { days: { eq: 9 } }) }')).data.countWells).toBe(2);
  });
});

test('who may only read writes nothing', async () => {
  const server = await startServer('memory', { env: { API_TOKENS: 'reader:secret-of-reader:read' } });
  try {
    const query = 'mutation { createNotes(data: { text: "x" }) { id } }';
    const answer = await server.post('//graphql', { query }, { authorization: 'Bearer secret-of-reader' });
    expect(answer.json.errors[0].extensions).toEqual({ code: 'forbidden', kind: 'FORBIDDEN' });
  } finally {
    await server.close();
  }
});
