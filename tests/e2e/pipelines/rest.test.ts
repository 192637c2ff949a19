import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../../support/until.ts';
import type { TestServer } from '../rest/support/server.ts';
import { runToEnd, startPipelineServer } from './support/pipeline-server.ts';
import { ndjson, RowSource, rowsFrom, sendJson, sendText } from './support/row-source.ts';

let folder: string;
let source: RowSource;
let server: TestServer | undefined;
const logged: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-forge-pipelines-'));
  source = await RowSource.start((_request, response) => sendJson(response, rowsFrom(1, 4)));
  logged.length = 0;
});

afterEach(async () => {
  await server?.close();
  server = undefined;
  await source.close();
  await rm(folder, { recursive: true, force: true });
});

/** Starts a server with one pipeline from the source; `more` is what its file says besides the address. */
async function start(more: object, { target = {}, env = {}, ...rest } = {} as StartOptions): Promise<TestServer> {
  const file = JSON.stringify({
    name: 'rows',
    source: { kind: 'rest', url: `${source.url}/rows`, ...more },
    target: { dataset: 'log', ...target },
    retry: { wait: '1ms', most: '50ms' },
    ...rest,
  });
  const log = (line: string) => logged.push(line);
  server = await startPipelineServer(
    'memory',
    folder,
    { 'rows.json': file },
    { env: { LOG_LEVEL: 'trace', ...env }, log },
  );
  return server;
}

interface StartOptions {
  readonly target?: object;
  readonly env?: Readonly<Record<string, string>>;
  readonly retry?: object;
  readonly timeout?: string;
  readonly alerts?: object;
}

async function count(dataset = 'log'): Promise<number> {
  return (await server?.get(`/records/${dataset}/count`))?.json.count;
}

test('headers, parameters and secrets are sent, and no secret is shown anywhere', async () => {
  source.answer = (_request, response) => {
    response.writeHead(403);
    response.end('the key k3y-of-mine is not good');
  };
  const app = await start(
    {
      params: { unit: 'm', token: { secret: 'PARAM' } },
      headers: { 'x-tenant': 'north' },
      auth: { kind: 'api_key', key: { secret: 'KEY' }, header: 'x-key' },
    },
    { env: { FORGE_SECRET_KEY: 'k3y-of-mine', FORGE_SECRET_PARAM: 'p4ram-of-mine' } },
  );
  const run = await runToEnd(app, 'rows');
  expect(run).toMatchObject({ state: 'failed', error: { code: 'source_failed' } });
  expect(source.requests).toHaveLength(1);
  expect(source.requests[0]).toMatchObject({ headers: { 'x-tenant': 'north', 'x-key': 'k3y-of-mine' } });
  expect(source.requests[0]?.url.search).toBe('?unit=m&token=p4ram-of-mine');
  const shown = [
    JSON.stringify(run),
    (await app.get('/pipelines')).text,
    (await app.get('/pipelines/rows/runs')).text,
    ...logged,
  ];
  expect(shown.join()).not.toMatch(/k3y-of-mine|p4ram-of-mine/);
  expect(run.error.message).toContain('the key … is not good');
});

test.each([
  [{ kind: 'api_key', key: { secret: 'A' }, param: 'key' }, { key: 'one' }, {}],
  [{ kind: 'basic', user: 'me', password: { secret: 'A' } }, {}, { authorization: `Basic ${btoa('me:one')}` }],
  [{ kind: 'bearer', token: { secret: 'A' } }, {}, { authorization: 'Bearer one' }],
])('the source knows who asks by %j', async (auth, params, headers) => {
  const app = await start({ auth }, { env: { FORGE_SECRET_A: 'one' } });
  expect(await runToEnd(app, 'rows')).toMatchObject({ state: 'succeeded', created: 3 });
  expect(source.requests[0]?.headers).toMatchObject(headers);
  expect(Object.fromEntries(source.requests[0]?.url.searchParams ?? [])).toEqual(params);
});

test('a token is fetched for client credentials, once for many pages', async () => {
  source.answer = ({ url, headers, body }, response) => {
    if (url.pathname === '/token') {
      expect(headers.authorization).toBe(`Basic ${btoa('app:s%3Acret')}`);
      expect(body).toBe('grant_type=client_credentials&scope=read');
      sendJson(response, { access_token: 'abc', expires_in: 3600 });
      return;
    }
    expect(headers.authorization).toBe('Bearer abc');
    const offset = Number(url.searchParams.get('offset'));
    sendJson(response, rowsFrom(offset, Math.min(offset + 2, 5)));
  };
  const auth = {
    kind: 'oauth2',
    token_url: `${source.url}/token`,
    client_id: 'app',
    client_secret: { secret: 'S' },
    scope: 'read',
  };
  const app = await start({ auth, paging: { kind: 'offset', limit: 2 } }, { env: { FORGE_SECRET_S: 's:cret' } });
  expect(await runToEnd(app, 'rows')).toMatchObject({ state: 'succeeded', created: 5 });
  expect(source.requests.filter(({ url }) => url.pathname === '/token')).toHaveLength(1);
});

test('a secret that is not there is told by its name', async () => {
  const app = await start({ auth: { kind: 'bearer', token: { secret: 'NOWHERE' } } });
  expect(await runToEnd(app, 'rows')).toMatchObject({
    state: 'failed',
    error: { code: 'invalid_configuration', message: expect.stringContaining('FORGE_SECRET_NOWHERE') },
  });
});

test('rows are not fetched again while the server says that nothing has changed', async () => {
  source.answer = ({ headers }, response) => {
    if (headers['if-none-match'] === '"v1"') response.writeHead(304).end();
    else sendJson(response, rowsFrom(1, 4), { etag: '"v1"' });
  };
  const app = await start({});
  expect(await runToEnd(app, 'rows')).toMatchObject({ state: 'succeeded', created: 3 });
  expect(await runToEnd(app, 'rows')).toMatchObject({ state: 'succeeded', created: 0 });
  expect(await count()).toBe(3);
});

test('answers in gzip, as a coding or as a file', async () => {
  const text = ndjson(rowsFrom(1, 4));
  source.answer = ({ index }, response) => {
    const headers = index === 0 ? { 'content-encoding': 'gzip' } : {};
    sendText(response, 'application/x-ndjson', gzipSync(text), headers);
  };
  const app = await start({});
  expect(await runToEnd(app, 'rows')).toMatchObject({ created: 3 });
  expect(await runToEnd(app, 'rows')).toMatchObject({ created: 3 });
});

test('CSV is taken page by page', async () => {
  source.answer = ({ url }, response) => {
    const page = Number(url.searchParams.get('page'));
    const rows = rowsFrom(page * 2, Math.min(page * 2 + 2, 5)).map(({ id, name }) => `${id},"${name}"\n`);
    sendText(response, 'text/csv', `id,name\n${rows.join('')}`);
  };
  const app = await start({ paging: { kind: 'page', first: 0 } });
  expect(await runToEnd(app, 'rows')).toMatchObject({ state: 'succeeded', created: 5 });
});

test('the pace that the file and the server ask for is kept', async () => {
  const times: number[] = [];
  source.answer = ({ url }, response) => {
    times.push(Date.now());
    const offset = Number(url.searchParams.get('offset'));
    const headers = offset === 2 ? { 'ratelimit-remaining': '0', 'ratelimit-reset': '1' } : {};
    sendJson(response, rowsFrom(offset, Math.min(offset + 2, 4)), headers);
  };
  const app = await start({ paging: { kind: 'offset', limit: 2 }, rate: { requests: 10, per: '1s' } });
  expect(await runToEnd(app, 'rows')).toMatchObject({ state: 'succeeded', created: 4 });
  const [first = 0, second = 0, third = 0] = times;
  // A request may come late on a busy machine, and the next one then seems to come early.
  expect(second - first).toBeGreaterThanOrEqual(40);
  expect(third - second).toBeGreaterThanOrEqual(800);
});

test('a server that is asked too often is asked again when it says', async () => {
  source.answer = ({ index }, response) => {
    if (index === 0) response.writeHead(429, { 'retry-after': '1' }).end('slow down');
    else sendJson(response, rowsFrom(1, 4));
  };
  const app = await start({});
  const started = Date.now();
  expect(await runToEnd(app, 'rows')).toMatchObject({ state: 'succeeded', created: 3, retries: 1 });
  expect(Date.now() - started).toBeGreaterThanOrEqual(900);
});

test('what cannot pass is not tried again, and what does not pass in time ends the run', async () => {
  source.answer = ({ url }, response) => response.writeHead(url.searchParams.has('gone') ? 404 : 503).end('no');
  const app = await start({}, { retry: { attempts: 3, wait: '1ms' } });
  expect(await runToEnd(app, 'rows')).toMatchObject({ state: 'failed', retries: 2, error: { code: 'source_failed' } });
  expect(source.requests).toHaveLength(3);
  source.answer = (_request, response) => response.writeHead(404).end();
  expect(await runToEnd(app, 'rows')).toMatchObject({ state: 'failed', retries: 0 });
  expect(source.requests).toHaveLength(4);
});

test('only new rows are fetched, those of the last moment compared one by one', async () => {
  const rows = [
    { id: 1, name: '2024-01-01' },
    { id: 2, name: '2024-01-02' },
    { id: 3, name: '2024-01-02' },
  ];
  source.answer = ({ url }, response) => {
    const since = url.searchParams.get('since') ?? '';
    sendJson(
      response,
      rows.filter(({ name }) => name >= since),
    );
  };
  const app = await start({ incremental: { field: 'name', param: 'since', start: '2023' } });
  expect(await runToEnd(app, 'rows')).toMatchObject({ created: 3 });
  rows.push({ id: 4, name: '2024-01-02' }, { id: 5, name: '2024-01-03' });
  expect(await runToEnd(app, 'rows')).toMatchObject({ created: 2 });
  expect(source.requests.map(({ url }) => url.searchParams.get('since'))).toEqual(['2023', '2024-01-02']);
});

test('headers and keys go to no other server', async () => {
  const other = await RowSource.start((_request, response) => sendJson(response, rowsFrom(1, 4)));
  source.answer = (_request, response) => response.writeHead(302, { location: `${other.url}/elsewhere` }).end();
  const app = await start(
    { headers: { 'x-secret': { secret: 'A' } }, auth: { kind: 'bearer', token: { secret: 'A' } } },
    { env: { FORGE_SECRET_A: 'one' } },
  );
  expect(await runToEnd(app, 'rows')).toMatchObject({ state: 'succeeded' });
  expect(other.requests[0]?.headers).not.toHaveProperty('authorization');
  expect(other.requests[0]?.headers).not.toHaveProperty('x-secret');
  await other.close();
});

test('private addresses can be forbidden, by number and by name', async () => {
  const app = await start({}, { env: { PRIVATE_ADDRESSES: 'forbid' } });
  expect(await runToEnd(app, 'rows')).toMatchObject({ state: 'failed', error: { code: 'invalid_configuration' } });
  expect(source.requests).toEqual([]);
});

test('a run can be cancelled, is not begun twice, and ends at its timeout', async () => {
  source.answer = () => {};
  const app = await start({}, { timeout: '1s' });
  const begun = (await app.post('/pipelines/rows/runs', undefined)).json;
  expect(begun.state).toBe('waiting');
  await until(async () => (await app.get(`/runs/${begun.id}`)).json.state === 'running');
  expect((await app.post('/pipelines/rows/runs', undefined)).json).toMatchObject({
    status: 409,
    code: 'pipeline_busy',
  });
  const cancelled = (await app.call('DELETE', `/runs/${begun.id}`)).json;
  expect(cancelled).toMatchObject({ state: 'cancelled', error: { code: 'cancelled' } });
  expect(await runToEnd(app, 'rows')).toMatchObject({
    state: 'failed',
    error: { message: expect.stringContaining('timeout') },
  });
});

test('who wants to know is told how runs end', async () => {
  const alerts = await RowSource.start((_request, response) => response.end());
  let fails = true;
  source.answer = (_request, response) => (fails ? response.writeHead(400).end() : sendJson(response, rowsFrom(1, 2)));
  const app = await start({}, { alerts: { webhook: `${alerts.url}/hook` } });
  await runToEnd(app, 'rows');
  fails = false;
  await runToEnd(app, 'rows');
  await runToEnd(app, 'rows');
  expect(alerts.requests.map(({ body }) => JSON.parse(body))).toEqual([
    expect.objectContaining({ event: 'failed', pipeline: 'rows', state: 'failed' }),
    expect.objectContaining({ event: 'recovered', state: 'succeeded' }),
  ]);
  await alerts.close();
});

test('a replacing run puts its rows in the place of all before, or changes nothing', async () => {
  const items = async () => {
    const answer = await server?.get('/records/items?sort=[{"field":"id","order":"asc"}]');
    return answer?.json.data.items.map(({ data, version }: { data: { id: number }; version: number }) => [
      data.id,
      version,
    ]);
  };
  const pages = (ids: number[][]): RowSource['answer'] => {
    return ({ url }, response) => {
      const page = ids[Number(url.searchParams.get('page')) - 1] ?? [];
      sendJson(
        response,
        page.map((id) => ({ id, name: `item ${id}` })),
      );
    };
  };
  source.answer = pages([[1, 2], [3]]);
  const app = await start({ paging: { kind: 'page' } }, { target: { dataset: 'items', mode: 'replace' } });
  expect(await runToEnd(app, 'rows')).toMatchObject({ state: 'succeeded', created: 3, deleted: 0 });
  source.answer = pages([[2], [3, 4]]);
  expect(await runToEnd(app, 'rows')).toMatchObject({ state: 'succeeded', created: 1, deleted: 1 });
  expect(await items()).toEqual([
    [2, 1],
    [3, 1],
    [4, 1],
  ]);
  source.answer = ({ url }, response) => {
    if (url.searchParams.get('page') === '1') sendJson(response, [{ id: 9 }]);
    else response.writeHead(400).end();
  };
  expect(await runToEnd(app, 'rows')).toMatchObject({ state: 'failed' });
  expect(await items()).toHaveLength(3);
  source.answer = pages([]);
  expect(await runToEnd(app, 'rows')).toMatchObject({ state: 'succeeded', deleted: 3 });
});

test('a run that cannot store ends at once, though the next page is slow to come', async () => {
  source.answer = ({ url }, response) => {
    if (url.searchParams.get('page') === '1') sendJson(response, [{ id: 'x' }]);
  };
  const app = await start({ paging: { kind: 'page' } }, { env: { PIPELINE_BATCH: '1B' } });
  const started = Date.now();
  expect(await runToEnd(app, 'rows')).toMatchObject({ state: 'failed', error: { code: 'invalid_value' } });
  expect(Date.now() - started).toBeLessThan(4000);
});

test('a page that comes twice is not stored in part before that is known', async () => {
  let asked = 0;
  source.answer = ({ url }, response) => {
    const page = Number(url.searchParams.get('page'));
    // The third page is the second once more, in pieces, the first time that it is asked for.
    const isRepeat = page === 3 && asked++ === 0;
    const from = ((isRepeat ? 2 : page) - 1) * 100;
    const text = ndjson(rowsFrom(from, Math.min(from + 100, 450)));
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    // A batch ends within the page that is repeated, and has what is behind it.
    const cut = Math.round((text.length * (page === 2 ? 1 : 2)) / 3);
    response.write(text.slice(0, cut));
    setTimeout(() => response.end(text.slice(cut)), 20);
  };
  await start({ paging: { kind: 'page' } }, { env: { PIPELINE_BATCH: '3KB' } });
  const run = await runToEnd(server as TestServer, 'rows');
  expect(run).toMatchObject({ state: 'succeeded', error: null, created: 450 });
  expect(run.retries).toBe(1);
  expect(await count()).toBe(450);
});
