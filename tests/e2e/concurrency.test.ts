import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AnyWrite, anyWrites, ConcurrentBook } from '../support/concurrent-writes.ts';
import { ENGINES, startServer, type TestServer } from './rest/support/server.ts';

const FILE = JSON.stringify({
  name: 'shared',
  primary_key: ['k'],
  properties: [
    { name: 'k', type: 'string' },
    { name: 'u', type: 'integer', unique: true },
    { name: 'n', type: 'integer' },
  ],
});

describe.each(ENGINES)('writes that come all at once over %s', (engine) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer(engine, { files: { 'shared.json': FILE } });
  });
  afterAll(() => server.close());

  test('come out as if they had come one behind the other', { timeout: 240_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyWrites(12), { minLength: 2, maxLength: 10 }), async (clients) => {
        const since = Number((await server.get('//health/ready')).json.head);
        const book = new ConcurrentBook(server, await standing());
        await Promise.all(clients.map((writes: readonly AnyWrite[]) => book.write(writes)));
        book.check(await changes(since), await standing());
      }),
      { numRuns: engine === 'memory' ? 60 : 40 },
    );
  });

  test('repeats of one key, all at once, are one write', { timeout: 60_000 }, async () => {
    for (let round = 0; round < 20; round++) {
      const since = Number((await server.get('//health/ready')).json.head);
      const key = `round-${round}`;
      const large = round % 3 === 2;
      const row = (at: number) => ({ k: `once ${round} ${at}`, u: null, n: at });
      const answers = await Promise.all(
        Array.from({ length: 12 }, () =>
          large
            ? server.post(
                '/records/bulk',
                { schema_name: 'shared', data: Array.from({ length: 600 }, (_, at) => row(at)) },
                { 'idempotency-key': key },
              )
            : server.post('/records', { schema_name: 'shared', data: row(0) }, { 'idempotency-key': key }),
        ),
      );
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
      expect((await changes(since)).length).toBe(large ? 600 : 1);
    }
  });

  const lines = async (path: string) => {
    const { text } = await server.get(path, { accept: 'application/x-ndjson' });
    return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
  };
  const standing = async () =>
    (await lines('/records/shared/stream')).map(({ id, version, data }) => ({ id, version, data }));
  const changes = (since: number) => lines(`/records/shared/changes?since=${since}`);
});
