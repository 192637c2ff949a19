import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ENGINES, type TestServer } from '../rest/support/server.ts';
import { runToEnd, startPipelineServer } from './support/pipeline-server.ts';
import { RowSource, sendJson, sendText } from './support/row-source.ts';

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

function give(...rows: object[]): void {
  source.answer = (_request, response) => sendJson(response, rows);
}

describe.each(ENGINES)('on %s', (engine) => {
  const items = async () => {
    const answer = await server?.get('/records/items?sort=[{"field":"id","order":"asc"}]');
    return answer?.json.data.items.map(({ data }: { data: { id: number; name: string } }) => `${data.id} ${data.name}`);
  };
  const start = async (target: object) => {
    const file = JSON.stringify({ name: 'rows', source: { kind: 'rest', url: `${source.url}/x` }, target });
    server = await startPipelineServer(engine, folder, { 'rows.json': file });
    return server;
  };

  test('a run can be undone: what it made goes, what it changed returns, and its rows can be fetched again', async () => {
    const app = await start({ dataset: 'items', mode: 'replace' });
    give({ id: 1, name: 'one' }, { id: 2, name: 'two' });
    await runToEnd(app, 'rows');
    give({ id: 2, name: 'TWO' }, { id: 3, name: 'three' });
    const second = await runToEnd(app, 'rows');
    expect(second).toMatchObject({ created: 1, updated: 1, deleted: 1 });
    expect(await items()).toEqual(['2 TWO', '3 three']);
    const undone = await app.post(`/runs/${second.id}/rollback`, undefined);
    expect(undone.json).toMatchObject({ records: 3, cursor_reset: true, run: { rolled_back_at: expect.any(String) } });
    expect(await items()).toEqual(['1 one', '2 two']);
    expect((await app.post(`/runs/${second.id}/rollback`, undefined)).json).toMatchObject({ records: 0 });
    expect(await runToEnd(app, 'rows')).toMatchObject({ created: 1, updated: 1, deleted: 1 });
    expect(await items()).toEqual(['2 TWO', '3 three']);
  });

  test('a run on which later work stands is not undone, and the records are named', async () => {
    const app = await start({ dataset: 'items', mode: 'upsert' });
    give({ id: 1, name: 'one' }, { id: 2, name: 'two' });
    const run = await runToEnd(app, 'rows');
    const [record] = (await app.get('/records/items')).json.data.items;
    await app.call('PATCH', `/records/items/${record.id}`, { json: { data: { name: 'mine' } } });
    const refused = await app.post(`/runs/${run.id}/rollback`, undefined);
    expect(refused.json).toMatchObject({ status: 409, code: 'later_work', details: { records: [record.id] } });
    expect(await items()).toHaveLength(2);
    expect((await app.post(`/runs/${crypto.randomUUID()}/rollback`, undefined)).json.code).toBe('unknown_run');
  });

  test('rows set aside can be mended and tried again', async () => {
    const app = await start({ dataset: 'items', mode: 'upsert', contract: 'quarantine', quarantine: 'set_aside' });
    source.answer = (_request, response) => sendText(response, 'text/csv', 'id,name\n1,one\ntwo,two\nthree,three\n');
    expect(await runToEnd(app, 'rows')).toMatchObject({ state: 'succeeded', created: 1, rejected: 2 });
    const aside = (await app.get('/records/set_aside?sort=[{"field":"line","order":"asc"}]')).json.data.items;
    expect(aside.map(({ data }: { data: { row: string } }) => data.row)).toEqual([
      'id,name\ntwo,two',
      'id,name\nthree,three',
    ]);
    await app.call('PATCH', `/records/set_aside/${aside[0].id}`, { json: { data: { row: 'id,name\n2,two' } } });
    expect((await app.post('/pipelines/rows/replay', undefined)).json).toEqual({ success: true, stored: 1, left: 1 });
    expect(await items()).toEqual(['1 one', '2 two']);
    expect((await app.get('/records/set_aside')).json.data.total).toBe(1);
    expect((await app.post('/pipelines/rows/replay', undefined)).json).toEqual({ success: true, stored: 0, left: 1 });
  });

  test('a pipeline that was reset reads from the beginning', async () => {
    const app = await start({ dataset: 'items', mode: 'upsert' });
    source.answer = ({ headers }, response) => {
      if (headers['if-none-match'] === '"1"') response.writeHead(304).end();
      else sendJson(response, [{ id: 1, name: 'one' }], { etag: '"1"' });
    };
    expect(await runToEnd(app, 'rows')).toMatchObject({ created: 1 });
    expect(await runToEnd(app, 'rows')).toMatchObject({ created: 0, ignored: 0 });
    expect((await app.post('/pipelines/rows/reset', undefined)).status).toBe(200);
    expect(await runToEnd(app, 'rows')).toMatchObject({ created: 0, ignored: 1 });
  });
});
