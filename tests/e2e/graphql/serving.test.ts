import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemCall } from '#application/call.ts';
import { startServer, type TestServer, type TestServerOptions } from '../rest/support/server.ts';

async function withServer(options: TestServerOptions, work: (server: TestServer) => Promise<void>): Promise<void> {
  const server = await startServer('memory', options);
  try {
    await work(server);
  } finally {
    await server.close();
  }
}

const asked = { query: '{ countWells }' };

test('a batch is answered in its order, up to the limit', () =>
  withServer({ env: { GRAPHQL_MAX_BATCH: '2' } }, async (server) => {
    expect((await server.post('//graphql', [asked, asked])).json).toEqual(Array(2).fill({ data: { countWells: 0 } }));
    const { status, text } = await server.post('//graphql', [asked, asked, asked]);
    expect(status).toBe(413);
    expect(text).not.toContain('countWells');
  }));

test('a document deeper than the limit is refused', () =>
  withServer({ env: { GRAPHQL_MAX_DEPTH: '2' } }, async (server) => {
    const { json } = await server.post('//graphql', {
      query: '{ listWells { items { ...on WellsRecord { days } } } }',
    });
    expect(json.errors[0].extensions.code).toBe('too_large');
  }));

test('a changed dataset file changes the schema', () =>
  withServer({}, async (server) => {
    expect((await server.post('//graphql', { query: '{ countFresh }' })).json.errors).toHaveLength(1);
    const file = '{"name": "fresh", "properties": [{"name": "x", "type": "integer"}]}';
    await writeFile(join(server.folder, 'datasets', 'fresh.json'), file);
    await server.app.useCases.synchroniseDatasets({ whenIncompatible: 'refuse' }, systemCall());
    expect((await server.post('//graphql', { query: '{ countFresh }' })).json).toEqual({ data: { countFresh: 0 } });
  }));

test('it can be switched off', () =>
  withServer({ env: { PROTOCOLS: 'rest' } }, async (server) => {
    expect((await server.post('//graphql', asked)).status).toBe(404);
  }));
