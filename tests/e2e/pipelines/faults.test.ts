import { mkdtemp, rm } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ENGINES, type TestServer } from '../rest/support/server.ts';
import { runToEnd, startPipelineServer } from './support/pipeline-server.ts';
import { RowSource, rowsFrom, type SourceRequest, sendJson } from './support/row-source.ts';

const ROWS = 2000;
const PAGE = 100;

let folder: string;
let source: RowSource;
let server: TestServer | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-forge-pipelines-'));
  source = await RowSource.start(() => {});
});

afterEach(async () => {
  await server?.close();
  server = undefined;
  await source.close();
  await rm(folder, { recursive: true, force: true });
});

const offsetOf = ({ url }: SourceRequest) => Number(url.searchParams.get('offset'));
const pageAt = (offset: number) => JSON.stringify({ rows: rowsFrom(offset, Math.min(offset + PAGE, ROWS)) });

type Fault = (request: SourceRequest, response: ServerResponse) => void;

/** What may go wrong with one answer. */
const FAULTS: readonly Fault[] = [
  (_request, response) => response.writeHead(429, { 'retry-after': '0' }).end(),
  (_request, response) => response.writeHead(500).end('oops'),
  (request, response) => {
    const text = pageAt(offsetOf(request));
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length });
    response.write(text.slice(0, text.length / 2), () => response.destroy());
  },
  (request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(pageAt(offsetOf(request)).slice(0, -40));
  },
  (request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(pageAt(offsetOf(request)).replace('"name":', '"name"'));
  },
  (request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(pageAt(Math.max(0, offsetOf(request) - PAGE)));
  },
  (_request, response) => response.destroy(),
];

/** Each answer goes wrong with some chance, in some way. */
function sometimesFaulty(chance: number): RowSource['answer'] {
  return (request, response) => {
    // A page that comes a second time is known for it by the page before; the first has none.
    const ways = offsetOf(request) === 0 ? FAULTS.filter((_, at) => at !== 5) : FAULTS;
    const fault = Math.random() < chance ? ways[Math.floor(Math.random() * ways.length)] : undefined;
    if (fault !== undefined) return fault(request, response);
    sendJson(response, JSON.parse(pageAt(offsetOf(request))));
  };
}

function pipeline(target: object): string {
  return JSON.stringify({
    name: 'rows',
    source: { kind: 'rest', url: `${source.url}/rows`, records: 'rows', paging: { kind: 'offset', limit: PAGE } },
    target,
    retry: { attempts: 200, wait: '1ms', most: '5ms' },
  });
}

/** How often each id is there. */
async function idsOf(dataset: string): Promise<number[]> {
  const text = (await server?.get(`/records/${dataset}/stream?shape=flat`))?.text ?? '';
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => Number(JSON.parse(line).id)).sort((a, b) => a - b);
}

describe.each(ENGINES)('on %s', (engine) => {
  test('every row of a source that fails at random is there once', async () => {
    source.answer = sometimesFaulty(0.4);
    // Batches of about two pages: some faults come behind a commit, some before it.
    server = await startPipelineServer(
      engine,
      folder,
      { 'rows.json': pipeline({ dataset: 'log' }) },
      { env: { PIPELINE_BATCH: '8KB' } },
    );
    const run = await runToEnd(server, 'rows');
    expect(run).toMatchObject({ error: null, state: 'succeeded', created: ROWS, rejected: 0 });
    expect(run.retries).toBeGreaterThan(0);
    expect(run.progress.batches).toBeGreaterThan(3);
    expect(await idsOf('log')).toEqual(Array.from({ length: ROWS }, (_, at) => at));
  });

  test('a run that fails for good leaves what it stored, and the next goes on behind it', async () => {
    source.answer = (request, response) => {
      if (offsetOf(request) >= 1000) response.writeHead(400).end();
      else sendJson(response, JSON.parse(pageAt(offsetOf(request))));
    };
    server = await startPipelineServer(
      engine,
      folder,
      { 'rows.json': pipeline({ dataset: 'log' }) },
      { env: { PIPELINE_BATCH: '8KB' } },
    );
    const failed = await runToEnd(server, 'rows');
    expect(failed).toMatchObject({ state: 'failed', error: { code: 'source_failed' } });
    expect(failed.created).toBeGreaterThan(0);
    expect(await idsOf('log')).toHaveLength(failed.created);
    source.answer = sometimesFaulty(0);
    expect(await runToEnd(server, 'rows')).toMatchObject({ state: 'succeeded', created: ROWS - failed.created });
    expect(await idsOf('log')).toEqual(Array.from({ length: ROWS }, (_, at) => at));
    const offsets = source.requests.map(offsetOf);
    expect(offsets[offsets.indexOf(1000) + 1]).toBe(failed.created);
  });
});
