import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startServer, type TestServer } from '../rest/support/server.ts';

const FILES = {
  'n.yaml':
    'name: n\nproperties:\n  - {name: k, type: integer}\n  - {name: v, type: number}\n  - {name: t, type: string}\n',
};

async function fill(server: TestServer, rows: number): Promise<void> {
  const lines = Array.from({ length: rows }, (_, index) => `{"k":${index},"v":${index / 7},"t":"text ${index}"}\n`);
  const headers = { 'content-type': 'application/x-ndjson', prefer: 'return=minimal' };
  const { status, text } = await server.call('POST', '/records/n/bulk', { headers, body: lines.join('') });
  if (status !== 201) throw new Error(text);
}

/** Every row with every other: as long as anybody likes. */
const ENDLESS = {
  dataset_id: 'n',
  operation: 'join',
  parameters: { with: 'n', on: [{ left: 'one', right: 'one' }], limit: 10_000_000 },
};

describe('an analysis that takes long', () => {
  let server: TestServer;
  beforeAll(async () => {
    const files = { 'n.yaml': `${FILES['n.yaml']}  - {name: one, type: integer, default: 1}\n` };
    server = await startServer('duckdb', {
      files,
      env: { API_TOKENS: '', ENGINE_MEMORY: '1GB', ANALYSIS_TIMEOUT_MS: '20000' },
    });
    await fill(server, 30_000);
  });
  afterAll(() => server.close());

  test('is cancelled in the middle of the engine, and the server goes on', async () => {
    const { status, json } = await server.post('/analysis', { ...ENDLESS, wait_ms: 50 });
    expect(status).toBe(202);
    expect((await server.get(`/analysis/${json.id}/result`)).json).toMatchObject({ code: 'unavailable' });
    const began = performance.now();
    const { json: ended } = await server.call('DELETE', `/analysis/${json.id}`);
    expect(performance.now() - began).toBeLessThan(3000);
    expect((json.progress.part ?? 0) <= 1).toBe(true);
    expect(ended).toMatchObject({ state: 'cancelled', error: { code: 'cancelled' } });
    const count = await server.post('/analysis', { dataset_id: 'n', operation: 'group' });
    expect(count.json.rows).toEqual([[30_000]]);
  });

  test('is cancelled when nobody waits for it any more', async () => {
    const controller = new AbortController();
    const asked = server.call('POST', '/analysis', {
      json: { ...ENDLESS, wait_ms: 60_000 },
      signal: controller.signal,
    });
    setTimeout(() => controller.abort(), 100);
    await expect(asked).rejects.toThrow();
    await expect
      .poll(async () => (await server.get('/analysis')).json.analyses[0], { timeout: 5000 })
      .toMatchObject({ operation: 'join', state: 'cancelled' });
  });
});

describe('the bounds of a processor', () => {
  test('rows of more bytes than may be copied are refused in one sentence', async () => {
    const env = { API_TOKENS: '', DATA_PROCESSOR_ENGINE: 'arquero', PROCESSOR_MAX_INPUT: '100KB', PROTOCOLS: 'rest' };
    const server = await startServer('duckdb', { files: FILES, env });
    await fill(server, 20_000);
    const { status, json } = await server.post('/analysis', { dataset_id: 'n', operation: 'summary' });
    expect([status, json.code]).toEqual([413, 'too_large']);
    expect(json.detail).toMatch(/more than the 100000 bytes .* raise PROCESSOR_MAX_INPUT\.$/);
    const inPlace = await server.post('/analysis', { dataset_id: 'n', operation: 'sample', parameters: { rows: 1 } });
    expect([inPlace.status, inPlace.json.processor]).toEqual([200, 'duckdb']);
    await server.close();
  });

  test('a result of more bytes than may be kept is refused, and the next analysis goes on', async () => {
    const env = { API_TOKENS: '', ANALYSIS_MAX_RESULT: '10KB', PROTOCOLS: 'rest' };
    const server = await startServer('duckdb', { files: FILES, env });
    await fill(server, 20_000);
    const large = await server.post('/analysis', {
      dataset_id: 'n',
      operation: 'window',
      parameters: { order_by: 'k', measures: [{ function: 'sum', column: 'v' }] },
    });
    expect([large.status, large.json.code]).toEqual([413, 'too_large']);
    expect((await server.post('/analysis', { dataset_id: 'n', operation: 'group' })).json.rows).toEqual([[20_000]]);
    await server.close();
  });
});

test('a result is never older than what was written before it was asked for', async () => {
  const server = await startServer('duckdb', { files: FILES, env: { API_TOKENS: '', PROTOCOLS: 'rest' } });
  const counting = { dataset_id: 'n', operation: 'group' };
  let written = 0;
  const writer = async () => {
    for (let index = 0; index < 40; index++) {
      await server.create('n', { k: index, v: 1, t: 'x' });
      written++;
    }
  };
  const reader = async () => {
    while (written < 80) {
      const before = written;
      const { json } = await server.post('/analysis', counting);
      expect(json.rows[0][0]).toBeGreaterThanOrEqual(before);
      expect(json.rows[0][0]).toBeLessThanOrEqual(written + 2);
    }
  };
  await Promise.all([writer(), writer(), reader(), reader()]);
  expect((await server.post('/analysis', counting)).json.rows).toEqual([[80]]);
  expect((await server.post('/analysis', counting)).json.cached).toBe(true);
  await server.close();
});
