import { tableFromIPC } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ServerAnalyses } from '#adapters/server/server-analyses.ts';
import { ServerClient } from '#adapters/server/server-client.ts';
import { ANALYSIS } from '#adapters/sources/analysis/analysis-kind.ts';
import { analysisSource } from '#adapters/sources/analysis/analysis-source.ts';
import type { SourceBatch, SourceOpening } from '#application/ports/source.ts';
import { readMembers } from '#domain/file/read-members.ts';
import type { Cursor } from '#domain/pipeline/cursor.ts';
import { systemClock } from '#infrastructure/clock.ts';
import { WebClient } from '#infrastructure/web-client.ts';
import { startServer, type TestServer } from '../e2e/rest/support/server.ts';

const FILES = {
  'things, all.yaml':
    'name: "things, all"\nproperties:\n  - {name: kind, type: string}\n  - {name: size, type: number}\n  - {name: flag, type: boolean}\n  - {name: price, type: number, db_type: "DECIMAL(12,2)"}\n',
};
const THINGS = Array.from({ length: 300 }, (_, at) => ({
  kind: ['ash', 'oak', 'élm', null][at % 4],
  size: at / 7,
  flag: at % 3 === 0,
  price: at / 4,
}));
const QUESTIONS = [
  { operation: 'summary' },
  { operation: 'group', parameters: { by: [{ column: 'kind' }], measures: [{ function: 'sum', column: 'price' }] } },
  { operation: 'pivot', parameters: { rows: ['kind'], columns: 'flag', measure: { function: 'sum', column: 'size' } } },
  { operation: 'sample', parameters: { fraction: 1 }, filters: [{ field: 'size', operator: 'gt', value: 20 }] },
] as const;

/** A worker elsewhere has nothing but the server's API; what it reads there is what every client is answered. */
describe('the source analysis of a worker elsewhere', () => {
  let server: TestServer;
  const web = new WebClient({ privateAddresses: 'allow' });

  const add = (data: readonly object[]) => server.post('/records/bulk', { schema_name: 'things, all', data });

  beforeAll(async () => {
    server = await startServer('duckdb', { files: FILES });
    expect((await add(THINGS)).status).toBe(201);
  });
  afterAll(async () => {
    await server.close();
    await web.close();
  });

  function opened(question: object, changes: Partial<SourceOpening> = {}): AsyncIterable<SourceBatch> {
    const source = analysisSource(new ServerAnalyses(new ServerClient({ url: server.url, token: null })));
    const options = readMembers({ dataset: 'things, all', ...question }, ANALYSIS.options, 'source');
    return source.open(options, {
      cursor: null,
      caller: 'tests',
      web,
      folder: '',
      clock: systemClock,
      secrets: { get: () => '', redact: (text) => text },
      batch: { bytes: 4000, time: 10_000 },
      signal: new AbortController().signal,
      note: () => {},
      ...changes,
    });
  }

  async function read(question: object, changes: Partial<SourceOpening> = {}) {
    const rows: object[] = [];
    let cursor: Cursor | null = null;
    for await (const batch of opened(question, changes)) {
      expect(batch.rows?.format).toBe('arrow');
      rows.push(...rowsIn(Buffer.concat(await Array.fromAsync(batch.rows?.body ?? []))));
      cursor = JSON.parse(JSON.stringify(batch.cursor()));
    }
    return { rows, cursor };
  }

  test.each(QUESTIONS)('$operation gives the rows that POST /analysis answers', async (question) => {
    const { rows } = await read(question);
    const answer = await server.fetch('POST', '/analysis', {
      headers: { accept: 'application/vnd.apache.arrow.stream', 'content-type': 'application/json' },
      body: JSON.stringify({ dataset_id: 'things, all', ...question }),
    });
    expect(rows).toEqual(rowsIn(new Uint8Array(await answer.arrayBuffer())));
    expect(rows.length).toBeGreaterThan(2);
  });

  test('gives no batch behind the cursor until the dataset has changed, or something else is asked', async () => {
    const [, group, pivot] = QUESTIONS;
    const { cursor } = await read(group);
    const notes: string[] = [];
    const note = (text: string) => void notes.push(text);
    expect(await read(group, { cursor, note })).toEqual({ rows: [], cursor: null });
    expect(notes).toEqual(['things, all has not changed since the last run, whose rows stand']);
    expect((await read(pivot, { cursor })).rows).not.toEqual([]);
    expect((await read({ ...group, unchanged: 'store' }, { cursor })).rows).not.toEqual([]);
    await add([{ kind: 'fir', size: 1 }]);
    expect((await read(group, { cursor })).rows).toHaveLength(5);
    // The number of a store that was put in the place of another.
    expect((await read(group, { cursor: { ...cursor, head: 1_000_000 } })).rows).toHaveLength(5);
  });

  test('says what the server says, and ends when it is told to', async () => {
    await expect(read({ operation: 'pivot' })).rejects.toMatchObject({ code: 'invalid_parameter' });
    await expect(read({ dataset: 'thing', operation: 'group' })).rejects.toMatchObject({ code: 'unknown_dataset' });
    const reason = new Error('enough');
    const ended = read({ operation: 'summary' }, { signal: AbortSignal.abort(reason) });
    await expect(ended).rejects.toBe(reason);
  });
});

function rowsIn(arrow: Uint8Array): object[] {
  return tableFromIPC(arrow)
    .toArray()
    .map((row) => JSON.parse(JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? String(value) : value))));
}
