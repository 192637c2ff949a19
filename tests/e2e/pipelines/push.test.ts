import { createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemCall } from '#application/call.ts';
import { until } from '../../support/until.ts';
import { type Answer, ENGINES, type EngineName, type TestServer } from '../rest/support/server.ts';
import { startPipelineServer } from './support/pipeline-server.ts';

const SECRET = 'correct horse battery staple';
const SIGNED = `name: hooks
source:
  kind: push
  signature: {kind: hmac, secret: {secret: HOOKS}, header: X-Hub-Signature-256, prefix: sha256=}
  event_id: {header: X-GitHub-Delivery}
target: {dataset: log}
`;
let folder: string;
let server: TestServer | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-forge-push-'));
});

afterEach(async () => {
  await server?.close();
  server = undefined;
  await rm(folder, { recursive: true, force: true });
});

async function start(engine: EngineName, text: string, env: Readonly<Record<string, string>> = {}): Promise<void> {
  server = await startPipelineServer(
    engine,
    folder,
    { 'hooks.yaml': text },
    { env: { FORGE_SECRET_HOOKS: SECRET, ...env } },
  );
}

function theServer(): TestServer {
  if (server === undefined) throw new Error('no server runs');
  return server;
}

/** Sends a body as GitHub does. */
function send(id: string, body: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const signature = `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`;
  const all = {
    'content-type': 'application/json',
    'x-github-delivery': id,
    'x-hub-signature-256': signature,
    ...headers,
  };
  return theServer().call('POST', '/pipelines/hooks/events', { body, headers: all });
}

async function rowsOf(dataset: string): Promise<readonly Record<string, unknown>[]> {
  const { json } = await theServer().get(`/records/${dataset}?size=10000&sort=[{"field":"id","order":"asc"}]`);
  return json.data.items.map(({ data }: { data: object }) => data);
}

const idsOf = async (dataset: string) => (await rowsOf(dataset)).map(({ id }) => id);

describe.each(ENGINES)('events on %s', (engine) => {
  test('are stored once however often they are sent: an object, an array, lines', async () => {
    await start(engine, SIGNED);
    const first = await send('a', '{\n  "id": 1,\n  "name": "one"\n}');
    expect(first).toMatchObject({ status: 200, json: { success: true, stored: 1, repeated: 0 } });
    expect((await send('a', '{"id":1}')).json).toMatchObject({ stored: 0, repeated: 1 });
    expect((await send('b', '[{"id":2},{"id":3}]')).json).toMatchObject({ stored: 1 });
    const lines = await send('c', '{"id":4}\n\n{"id":5}', { 'content-type': 'application/x-ndjson' });
    expect(lines.json).toMatchObject({ stored: 1, repeated: 0 });
    expect(await idsOf('log')).toEqual([1, 2, 3, 4, 5]);
    const { json } = await theServer().get('/pipelines/hooks');
    expect(json).toMatchObject({ source: 'push', paused: false, schedule: null });
    expect(json.last_run).toMatchObject({ state: 'succeeded', created: 5, caller: 'push' });
    expect((await theServer().get('/pipelines/hooks/runs')).json.runs).toHaveLength(1);
  });

  test('that come at once are stored together, and those that do not fit apart from them', async () => {
    await start(engine, SIGNED);
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, id) => send(`e${id % 250}`, id === 70 ? '{"id":"no"}' : `{"id":${id % 250}}`)),
    );
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused.map(({ json }) => json)).toEqual([
      expect.objectContaining({ status: 400, code: 'invalid_value', detail: expect.stringContaining('id') }),
    ]);
    const sum = (name: string) => answers.reduce((total, { json }) => total + (json[name] ?? 0), 0);
    expect([sum('stored'), sum('repeated')]).toEqual([249, 50]);
    expect(await idsOf('log')).toEqual(Array.from({ length: 250 }, (_, id) => id).filter((id) => id !== 70));
    const { runs } = (await theServer().get('/pipelines/hooks/runs')).json;
    expect(runs).toHaveLength(1);
    expect(runs[0].created).toBe(249);
    // In memory a batch is stored before the next request is read.
    if (engine !== 'memory') expect(runs[0].progress.batches).toBeLessThan(100);
  });

  test('go through transform and contract, and rows that do not fit are set aside', async () => {
    await start(
      engine,
      SIGNED.replace(
        'target: {dataset: log}',
        "transform: SELECT number AS id, action || ' ' || kind AS name FROM batch",
      )
        .replace('  event_id:', '  headers: {kind: X-GitHub-Event}\n  event_id:')
        .concat('target: {dataset: log, contract: quarantine, quarantine: set_aside}\n'),
    );
    const opened = await send('a', '{"action":"opened","number":7}', { 'x-github-event': 'issues' });
    expect(opened.json).toMatchObject({ stored: 1 });
    expect((await send('b', '{"action":"x","number":"y"}', { 'x-github-event': 'z' })).json).toMatchObject({
      stored: 1,
    });
    expect(await rowsOf('log')).toEqual([expect.objectContaining({ id: 7, name: 'opened issues' })]);
    const aside = (await theServer().get('/records/set_aside')).json.data.items;
    expect(aside).toEqual([expect.objectContaining({ data: expect.objectContaining({ pipeline: 'hooks' }) })]);
    expect((await theServer().get('/pipelines/hooks')).json.last_run).toMatchObject({ created: 1, rejected: 1 });
  });

  test('of a run can be undone, and are stored again when they are sent again', async () => {
    await start(engine, SIGNED);
    await send('a', '{"id":1}');
    await send('b', '{"id":2}');
    const run = (await theServer().get('/pipelines/hooks/runs')).json.runs[0].id;
    expect((await theServer().post(`/runs/${run}/rollback`, undefined)).json).toMatchObject({ records: 2 });
    expect(await idsOf('log')).toEqual([]);
    expect((await send('a', '{"id":1}')).json).toMatchObject({ stored: 1 });
    expect((await send('c', '{"id":3}')).json).toMatchObject({ stored: 1 });
    expect(await idsOf('log')).toEqual([1, 3]);
    const { runs } = (await theServer().get('/pipelines/hooks/runs')).json;
    expect(
      runs.map(({ created, rolled_back_at }: Record<string, unknown>) => [created, rolled_back_at !== null]),
    ).toEqual([
      [2, false],
      [2, true],
    ]);
  });
});

test('an id may be a member of each event, and rows upserted by their key', async () => {
  const text = SIGNED.replace('{header: X-GitHub-Delivery}', '{field: meta.id}').replace(
    'dataset: log',
    'dataset: items, mode: upsert',
  );
  await start('duckdb', text.replace('target:', 'transform: SELECT id, name FROM batch\ntarget:'));
  const events = (ids: readonly (number | string)[]) =>
    JSON.stringify(ids.map((id) => ({ id: 1, name: `n${id}`, meta: { id } })));
  expect((await send('', events([1, 2, 1]))).json).toMatchObject({ stored: 2, repeated: 1 });
  expect((await send('', events([2, '9007199254740993']))).json).toMatchObject({ stored: 1, repeated: 1 });
  expect(await rowsOf('items')).toEqual([expect.objectContaining({ id: 1, name: 'n9007199254740993' })]);
  const without = await send('', '{"id":1}');
  expect(without).toMatchObject({
    status: 400,
    json: { code: 'invalid_body', detail: expect.stringContaining('meta.id') },
  });
});

describe('who is not who he should be', () => {
  test('is turned away, and is told nothing', async () => {
    await start('memory', SIGNED, { API_TOKENS: 'app:0123456789abcdef0123:write', MAX_BODY_BYTES: '1KB' });
    const wrong = await send('a', '{"id":1}', { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` });
    expect(wrong).toMatchObject({
      status: 401,
      json: { code: 'unauthorized', detail: 'The request does not carry a valid signature.' },
    });
    // A token of the server is no signature.
    const token = { authorization: 'Bearer 0123456789abcdef0123', 'content-type': 'application/json' };
    const path = '/pipelines/hooks/events';
    expect((await theServer().call('POST', path, { body: '{"id":1}', headers: token })).status).toBe(401);
    const unknown = await theServer().call('POST', '/pipelines/hook/events', { body: '{}', headers: token });
    expect(unknown).toMatchObject({ status: 404, json: { code: 'unknown_pipeline' } });
    expect(unknown.text).not.toContain('hooks');
    expect((await send('a', JSON.stringify({ name: 'x'.repeat(2000) }))).status).toBe(413);
    expect((await send('a', 'a=1', { 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(415);
    expect((await send('a', '{"id":1}', { 'content-encoding': 'gzip' })).status).toBe(415);
    expect((await send('a', '{"id":1}')).status).toBe(200);
    expect((await send('b', '')).status).toBe(400);
    expect((await send('b', '[]')).status).toBe(400);
    expect((await send('b', '[1]')).status).toBe(400);
    expect((await send('b', '{"id":2}, {"id":3}')).status).toBe(400);
    expect((await send('b', '{"id":')).status).toBe(400);
    const authorized = { authorization: 'Bearer 0123456789abcdef0123' };
    const { json } = await theServer().get('/records/log', authorized);
    expect(json.data.total).toBe(1);
  });

  test('needs a token of the server where the pipeline asks for no signature', async () => {
    await start('memory', 'name: hooks\nsource: {kind: push}\ntarget: {dataset: log}\n', {
      API_TOKENS: 'app:0123456789abcdef0123:write,eye:0123456789abcdef9999:read',
    });
    const post = (headers: Readonly<Record<string, string>>) =>
      theServer().post('/pipelines/hooks/events', { id: 1 }, headers);
    expect((await post({})).status).toBe(401);
    expect((await post({ authorization: 'Bearer no' })).status).toBe(401);
    expect((await post({ authorization: 'Bearer 0123456789abcdef9999' })).status).toBe(403);
    expect((await post({ authorization: 'Bearer 0123456789abcdef0123' })).status).toBe(200);
  });

  test('cannot be told where the secret is missing', async () => {
    await start('memory', SIGNED.replace('HOOKS', 'OTHERS'));
    const answer = await send('a', '{"id":1}');
    expect(answer).toMatchObject({ status: 503, json: { code: 'unavailable' } });
    expect(answer.text).not.toContain('OTHERS');
  });
});

test('what all senders have under way together is bounded, and the room of one who leaves is free again', async () => {
  await start('memory', SIGNED, { MAX_BODY_BYTES: '10KB' });
  const { hostname, port } = new URL(theServer().url);
  const path = '/api/v1/pipelines/hooks/events';
  const sendHalf = () => {
    const headers = { 'content-type': 'application/json', 'content-length': '9000' };
    const request = httpRequest({ hostname, port, path, method: 'POST', headers });
    request.on('error', () => {});
    request.write('x'.repeat(8000));
    return request;
  };
  const slow = [sendHalf(), sendHalf()];
  const body = JSON.stringify({ id: 1, name: 'n'.repeat(6000) });
  await until(async () => (await send('a', body)).status === 429);
  const refused = await send('a', body);
  expect(refused).toMatchObject({ status: 429, json: { code: 'too_many_requests' } });
  expect(refused.headers.get('retry-after')).toBe('1');
  for (const request of slow) request.destroy();
  await until(async () => (await send('b', body)).status === 200);
});

test('a pipeline that is held takes nothing until it goes on, and none can be run or scheduled', async () => {
  await start('memory', SIGNED);
  const said = await theServer().post('/pipelines/hooks/pause', undefined);
  expect(said.json).toMatchObject({ paused: true });
  const held = await send('a', '{"id":1}');
  expect(held).toMatchObject({ status: 503, json: { code: 'unavailable' } });
  expect(held.headers.get('retry-after')).toBe('1');
  await theServer().post('/pipelines/hooks/resume', undefined);
  expect((await send('a', '{"id":1}')).status).toBe(200);
  expect(await theServer().post('/pipelines/hooks/runs', undefined)).toMatchObject({
    status: 400,
    json: { code: 'invalid_parameter', detail: expect.stringContaining('/pipelines/hooks/events') },
  });
  await writeFile(
    join(folder, 'hooks.yaml'),
    `${SIGNED.replace('log}', 'log, mode: replace}')}schedule: {every: 1m}\n`,
  );
  await expect(theServer().app.useCases.synchronisePipelines({}, systemCall())).rejects.toMatchObject({
    code: 'invalid_pipeline_file',
    faults: [
      { message: expect.stringContaining('hooks.yaml:6') },
      { message: expect.stringContaining('hooks.yaml:7') },
    ],
  });
});
