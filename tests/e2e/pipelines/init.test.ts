import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { FeedServer } from '../../support/feed-server.ts';
import { forge } from '../../support/forge-command.ts';
import { GraphqlServer } from '../../support/graphql-server.ts';
import { ODATA_USER, startODataServer } from '../../support/odata-server.ts';
import { createTestDatabase, describeLeftOut, POSTGRES_MISSING } from '../../support/postgres-database.ts';
import { onServer } from '../../support/postgres-server.ts';
import { ROAPI_MISSING, Roapi } from '../../support/roapi.ts';
import { TrackedOData } from '../../support/tracked-odata.ts';
import { startServer } from '../rest/support/server.ts';

let folder: string;
const closing: (() => unknown)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-forge-init-'));
});

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await rm(folder, { recursive: true, force: true });
});

const env = (more: Readonly<Record<string, string>> = {}) => ({
  DATA_DIR: join(folder, 'data'),
  DATASETS_DIR: join(folder, 'datasets'),
  PIPELINES_DIR: join(folder, 'pipelines'),
  FLIGHT_PORT: '0',
  API_TOKENS: '',
  ...more,
});

interface Made {
  // biome-ignore lint/suspicious/noExplicitAny: tests look into files of every shape
  readonly pipeline: any;
  // biome-ignore lint/suspicious/noExplicitAny: the same
  readonly dataset: any;
  readonly texts: { readonly pipeline: string; readonly dataset: string };
  readonly rows: number;
}

/** Makes a pipeline of an address, checks it, runs it, and counts the rows that are there. */
async function made(name: string, args: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<Made> {
  const written = await forge(['pipeline', 'init', ...args, '--name', name], env(more));
  expect(written, written.err).toMatchObject({ code: 0 });
  const checked = await forge(['check'], env(more));
  expect(checked, checked.err).toMatchObject({ code: 0 });
  const run = await forge(['pipeline', 'run', name], env(more));
  expect(run, run.err).toMatchObject({ code: 0 });
  const texts = {
    pipeline: await readFile(join(folder, 'pipelines', `${name}.yaml`), 'utf8'),
    dataset: await readFile(join(folder, 'datasets', `${name}.yaml`), 'utf8'),
  };
  const { out } = await forge(['count', name], env(more));
  return { pipeline: parse(texts.pipeline), dataset: parse(texts.dataset), texts, rows: Number(out) };
}

type Answer = (request: IncomingMessage, response: ServerResponse, url: URL) => unknown;

/** Somebody's HTTP service. */
async function serve(answer: Answer): Promise<string> {
  const server: Server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://service');
    const json = answer(request, response, url);
    if (json !== undefined) response.setHeader('content-type', 'application/json').end(JSON.stringify(json));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const ROWS = Array.from({ length: 25 }, (_, at) => ({
  id: at + 1,
  name: `row ${at + 1}`,
  price: at / 4,
  updated_at: `2024-01-${String(at + 1).padStart(2, '0')}T00:00:00Z`,
}));
const slice = (from: number, count = 10) => ROWS.slice(from, from + count);

describe('an address of HTTP', () => {
  const column = ({ dataset }: Made) => dataset.properties.map((property: { name: string }) => property.name);

  test('that answers with an array: types, key, and a suggestion how new rows are told', async () => {
    const url = await serve(() => ROWS);
    const found = await made('prices', [`${url}/v1/prices`]);
    expect(found.rows).toBe(25);
    expect(found.pipeline).toEqual({
      name: 'prices',
      source: { kind: 'rest', url: `${url}/v1/prices` },
      target: { dataset: 'prices', mode: 'upsert' },
    });
    expect(found.dataset).toEqual({
      name: 'prices',
      primary_key: ['id'],
      properties: [
        { name: 'id', type: 'integer' },
        { name: 'name', type: 'string' },
        { name: 'price', type: 'number' },
        { name: 'updated_at', type: 'string', db_type: 'TIMESTAMP' },
      ],
    });
    expect(found.texts.pipeline).toContain('# incremental: {field: updated_at}');
    expect(found.texts.dataset).toContain('# The key was guessed: id is another in each of 25 rows.');
  });

  test('whose pages are found by a Link header', async () => {
    const url = await serve((_, response, { searchParams }) => {
      const from = Number(searchParams.get('after') ?? 0);
      if (from + 10 < ROWS.length) response.setHeader('link', `</rows?after=${from + 10}>; rel="next"`);
      return slice(from);
    });
    const found = await made('rows', [`${url}/rows`]);
    expect(found.pipeline.source.paging).toEqual({ kind: 'link' });
    expect(found.rows).toBe(25);
  });

  test('whose answers name the next page, or its cursor', async () => {
    const url = await serve((_, _response, { pathname, searchParams }) => {
      const from = Number(searchParams.get('cursor') ?? searchParams.get('page_token') ?? 0);
      const next = from + 10 < ROWS.length ? from + 10 : null;
      if (pathname === '/next')
        return { meta: { total: 25 }, results: slice(from), next: next && `/next?cursor=${next}` };
      if (pathname === '/token') return { items: slice(from), next_page_token: next === null ? '' : String(next) };
      return { response: { data: slice(from), paging: { next_cursor: next } }, tags: [{ tag: 'one' }] };
    });
    const next = await made('next', [`${url}/next`]);
    expect(next.pipeline.source).toMatchObject({ records: 'results', paging: { kind: 'next', path: 'next' } });
    const token = await made('token', [`${url}/token`]);
    expect(token.pipeline.source.paging).toEqual({ kind: 'cursor', param: 'page_token', path: 'next_page_token' });
    const cursor = await made('cursor', [`${url}/cursor`]);
    expect(cursor.pipeline.source).toMatchObject({
      records: 'response.data',
      paging: { kind: 'cursor', path: 'response.paging.next_cursor' },
    });
    expect(cursor.texts.pipeline).toContain('it also has lists in tags');
    expect([next.rows, token.rows, cursor.rows]).toEqual([25, 25, 25]);
  });

  test('whose pages have numbers, or are so many rows further', async () => {
    const url = await serve((_, _response, { pathname, searchParams }) => {
      const size = Number(searchParams.get('limit') ?? 10);
      if (pathname === '/pages') {
        const page = Number(searchParams.get('page') ?? 1);
        return { data: slice((page - 1) * 10), page, total_pages: 3 };
      }
      return { value: slice(Number(searchParams.get('offset') ?? 0), size), total: 25 };
    });
    const pages = await made('pages', [`${url}/pages`]);
    expect(pages.pipeline.source.paging).toEqual({ kind: 'page', pages: 'total_pages' });
    const offset = await made('offset', [`${url}/offset?offset=0&limit=5&lang=en`]);
    expect(offset.pipeline.source).toMatchObject({
      url: `${url}/offset?lang=en`,
      paging: { kind: 'offset', limit: 5 },
    });
    expect([pages.rows, offset.rows]).toEqual([25, 25]);
  });

  test('that seems to have more pages than can be found is written with a word of it', async () => {
    const url = await serve(() => slice(0));
    const { texts } = await made('first', [`${url}/first`]);
    expect(texts.pipeline).toContain('# The answer has exactly 10 rows, which may be the first of several pages');
  });

  test('of NDJSON and CSV, whatever the server calls them', async () => {
    const url = await serve((_, response, { pathname }) => {
      const csv = `id,name\n${ROWS.map(({ id, name }) => `${id},${name}\n`).join('')}`;
      const lines = ROWS.map((row) => `${JSON.stringify(row)}\n`).join('');
      response.setHeader('content-type', 'text/plain').end(pathname === '/lines' ? lines : csv);
    });
    const lines = await made('lines', [`${url}/lines`]);
    const cells = await made('cells', [`${url}/cells`]);
    expect([lines.pipeline.source.format, cells.pipeline.source.format]).toEqual(['ndjson', 'csv']);
    expect([lines.rows, cells.rows]).toEqual([25, 25]);
  });

  test('whose names no dataset may have: a transform gives them others', async () => {
    const url = await serve(() => [{ _id: 'a', Name: 'one', name: 'two' }]);
    const found = await made('odd', [`${url}/odd`]);
    expect(column(found)).toEqual(['id', 'Name', 'name_2']);
    expect(found.dataset.primary_key).toEqual(['id']);
    expect(found.rows).toBe(1);
  });

  test('that wants to know who asks is given a secret, which stands in no file', async () => {
    const url = await serve((request, response, { searchParams }) => {
      if (request.headers['x-api-key'] === 'very-secret' || searchParams.get('key') === 'very-secret') return ROWS;
      return void response.writeHead(401).end();
    });
    const refused = await forge(['pipeline', 'init', `${url}/rows`], env());
    expect(refused).toMatchObject({
      code: 6,
      err: expect.stringMatching(/answered 401: it wants to know who asks.*--secret NAME/),
    });
    const held = await forge(['pipeline', 'init', `${url}/rows?key=very-secret`], env());
    expect(held).toMatchObject({ code: 2, err: expect.stringContaining('--secret-param key') });
    const secret = { FORGE_SECRET_SHOP: 'very-secret' };
    const byHeader = await made('header', [`${url}/rows`, '--secret', 'SHOP', '--secret-header', 'X-Api-Key'], secret);
    const byParam = await made(
      'param',
      [`${url}/rows?key=very-secret`, '--secret', 'SHOP', '--secret-param', 'key'],
      secret,
    );
    expect([byHeader.rows, byParam.rows]).toEqual([25, 25]);
    for (const { texts } of [byHeader, byParam]) expect(texts.pipeline).not.toContain('very-secret');
  });

  test('with nothing, a web page, or a forbidden one gets one sentence, and nothing is written', async () => {
    const url = await serve((_, response, { pathname }) => {
      if (pathname === '/page') return void response.setHeader('content-type', 'text/html').end('<html></html>');
      if (pathname === '/away') return void response.writeHead(404).end('{}');
      return pathname === '/none' ? [] : { ok: true };
    });
    const said = async (path: string, more = {}) => (await forge(['pipeline', 'init', url + path], env(more))).err;
    expect(await said('/page')).toMatch(/answers with a web page, and not with rows/);
    expect(await said('/away')).toMatch(/answered 404: there is nothing at that address\.\n$/);
    expect(await said('/none')).toMatch(/has no rows now/);
    expect(await said('/object')).toMatch(/has no list of objects/);
    expect(await said('/none', { PRIVATE_ADDRESSES: 'forbid' })).toMatch(/PRIVATE_ADDRESSES forbids/);
    expect(existsSync(join(folder, 'pipelines'))).toBe(false);
  });
});

test('files that are there are written over with --force alone, and --dry-run writes none', async () => {
  const url = await serve(() => ROWS);
  const init = (...args: string[]) => forge(['pipeline', 'init', `${url}/rows`, ...args], env());
  const dry = await init('--dry-run');
  expect(dry.out).toContain('kind: rest');
  expect(dry.out).toContain('primary_key: [id]');
  expect(existsSync(join(folder, 'pipelines'))).toBe(false);
  expect((await init()).code).toBe(0);
  await writeFile(
    join(folder, 'pipelines', 'rows.yaml'),
    `${await readFile(join(folder, 'pipelines', 'rows.yaml'), 'utf8')}# mine\n`,
  );
  expect(await init()).toMatchObject({
    code: 2,
    err: expect.stringMatching(/is there already; give another --name, or --force/),
  });
  expect(await readFile(join(folder, 'pipelines', 'rows.yaml'), 'utf8')).toContain('# mine');
  expect((await init('--force')).code).toBe(0);
  expect(await readFile(join(folder, 'pipelines', 'rows.yaml'), 'utf8')).not.toContain('# mine');
  expect((await init('--name', 'again', '--dataset', 'rows')).code).toBe(0);
  expect((await readdir(join(folder, 'datasets'))).sort()).toEqual(['rows.yaml']);
});

test('a service of OData by its root, which has several sets, and by one of them: exact types, and the key', async () => {
  const service = await startODataServer(10);
  closing.push(() => service.close());
  await service.fill(Array.from({ length: 25 }, (_, at) => ({ id: at + 1, name: `well ${at}`, price: '1.5000' })));
  const more = { FORGE_SECRET_WELLS: ODATA_USER.password };
  const access = ['--secret', 'WELLS', '--user', ODATA_USER.user];
  const asked = await forge(['pipeline', 'init', service.url, ...access], env(more));
  expect(asked).toMatchObject({
    code: 2,
    err: expect.stringMatching(/more than one entity set; name yours with --relation: .*Wells/),
  });
  const found = await made('wells', [service.url, ...access, '--relation', 'Wells'], more);
  expect(found.rows).toBe(25);
  expect(found.pipeline.source).toMatchObject({
    kind: 'odata',
    entity: 'Wells',
    auth: { kind: 'basic', password: { secret: 'WELLS' } },
  });
  expect(found.dataset.primary_key).toEqual(['id']);
  expect(found.dataset.properties).toContainEqual(
    expect.objectContaining({ name: 'price', db_type: expect.stringMatching(/^DECIMAL/) }),
  );
  const bySet = await made('by_set', [`${service.url}/Wells`, ...access], more);
  expect(bySet.pipeline.source).toEqual(found.pipeline.source);
}, 60_000);

test('a service of OData 4.01 with one entity set', async () => {
  const service = new TrackedOData({ pageSize: 10, version: '4.01' });
  await service.start();
  closing.push(() => service.close());
  service.put(...Array.from({ length: 25 }, (_, at) => ({ id: at + 1, name: `thing ${at}` })));
  const found = await made('things', [`${service.url}/Things`]);
  expect(found.pipeline.source).toMatchObject({ kind: 'odata', entity: 'Things' });
  expect(found.rows).toBe(25);
});

test('a GraphQL endpoint: what lists it has, Relay connections and offsets', async () => {
  const server = new GraphqlServer();
  await server.start();
  closing.push(() => server.close());
  server.rows = Array.from({ length: 130 }, (_, at) => ({ id: at + 1, name: `row ${at}`, at }));
  const asked = await forge(['pipeline', 'init', server.url], env());
  expect(asked).toMatchObject({ code: 2, err: expect.stringContaining('connection, list, secured') });
  const relay = await made('relay', [server.url, '--relation', 'connection']);
  expect(relay.pipeline.source.paging).toEqual({ kind: 'relay', connection: 'connection' });
  const offset = await made('offset', [server.url, '--relation', 'list']);
  expect(offset.pipeline.source).toMatchObject({ records: 'list', paging: { kind: 'offset', limit: 100 } });
  expect([relay.rows, offset.rows]).toEqual([130, 130]);
  const closed = await forge(['pipeline', 'init', await serve(() => ({ errors: [] })), '--kind', 'graphql'], env());
  expect(closed.err).toMatch(/does not tell its schema/);
});

test('a feed: rows in a list, of the commonest kind of message', async () => {
  const feed = await FeedServer.start(({ say, socket }) => {
    say({ type: 'hello' });
    for (let at = 1; at <= 3; at++) say({ type: 'trades', data: [{ id: at, price: at / 2 }] });
    socket.close(1000);
  });
  closing.push(() => feed.close());
  const silent = await forge(['pipeline', 'init', feed.url], env());
  expect(silent.err).toMatch(/has sent no JSON within 5 s unasked; give the message that it waits for with --send/);
  const found = await made('trades', [feed.url, '--send', '{"subscribe":"trades"}']);
  expect(found.pipeline.source).toMatchObject({ records: 'data', only: { path: 'type', is: 'trades' } });
  expect(found.rows).toBe(3);
}, 60_000);

test('another Data Forge over Flight, without what it keeps of its own', async () => {
  const other = await startServer('duckdb', {
    files: {
      'items.yaml':
        'name: items\nproperties: [{name: code, type: string}, {name: price, type: number, db_type: "DECIMAL(9,2)"}]\n',
      'more.yaml': 'name: more\nproperties: [{name: code, type: string}]\n',
    },
    env: { FLIGHT_PORT: '0' },
  });
  closing.push(() => other.close());
  for (const [code, price] of [
    ['a', 1.25],
    ['b', 2],
  ]) {
    await other.post('/records', { schema_name: 'items', data: { code, price } });
  }
  const url = `grpc://127.0.0.1:${new URL(other.app.flightAddress ?? '').port}`;
  const asked = await forge(['pipeline', 'init', url], env());
  expect(asked).toMatchObject({ code: 2, err: expect.stringMatching(/items, .*more/) });
  const found = await made('items', [url, '--relation', 'items']);
  expect(found.dataset.properties).toEqual([
    { name: 'code', type: 'string' },
    { name: 'price', type: 'number', db_type: 'DECIMAL(9,2)' },
  ]);
  expect(found.rows).toBe(2);
}, 60_000);

test.skipIf(ROAPI_MISSING !== null)(
  `a server of Flight SQL that is not ours ${ROAPI_MISSING ?? ''}`,
  async () => {
    const file = join(folder, 'orders.csv');
    await writeFile(file, `id,name\n${ROWS.map(({ id, name }) => `${id},${name}\n`).join('')}`);
    const roapi = await Roapi.prepare([`orders=${file}`]);
    closing.push(() => roapi.stop());
    await roapi.restart();
    const found = await made('orders', [`grpc://127.0.0.1:${roapi.port}`]);
    expect(found.pipeline.source).toMatchObject({ kind: 'flight', query: expect.stringContaining('"orders"') });
    expect(found.rows).toBe(25);
  },
  60_000,
);

test('files: one, a pattern, compressed, and of formats that tell their types', async () => {
  await mkdir(join(folder, 'inbox'));
  const file = (name: string) => join(folder, 'inbox', name);
  await writeFile(file('a.csv'), 'id,day\n1,2024-01-01\n');
  await writeFile(file('b.csv.zst'), zstdCompressSync('id,day\n2,2024-01-02\n3,2024-01-03\n'));
  const pattern = await made('days', [join(folder, 'inbox', '*.csv*')]);
  expect(pattern.rows).toBe(3);
  expect(pattern.dataset).toMatchObject({ primary_key: ['id'], properties: [{}, { db_type: 'DATE' }] });
  for (const name of ['days.parquet', 'days.arrow', 'days.ndjson.gz']) {
    await forge(['convert', file('a.csv'), file(name)], env());
    const found = await made(name.replaceAll('.', '_'), [file(name)]);
    expect([found.rows, found.dataset.properties[1].db_type], name).toEqual([1, 'DATE']);
  }
  const absent = await forge(['pipeline', 'init', file('absent.csv')], env());
  expect(absent).toMatchObject({ code: 6, err: expect.stringContaining('There is no file') });
}, 60_000);

test('a file of SQLite, by how it begins', async () => {
  const database = new DatabaseSync(join(folder, 'shop.data'));
  database.exec('CREATE TABLE orders (no INTEGER PRIMARY KEY, name TEXT); CREATE TABLE "no key" (a TEXT)');
  database.exec(`INSERT INTO orders VALUES (1, 'one'), (2, 'two'); INSERT INTO "no key" VALUES ('x'), ('x')`);
  database.close();
  const asked = await forge(['pipeline', 'init', join(folder, 'shop.data')], env());
  expect(asked).toMatchObject({ code: 2, err: expect.stringContaining('name yours with --relation: no key, orders') });
  const found = await made('orders', [join(folder, 'shop.data'), '--relation', 'orders']);
  expect(found.dataset.primary_key).toEqual(['no']);
  const keyless = await made('keyless', [`sqlite:${join(folder, 'shop.data')}`, '--relation', 'no key']);
  expect(keyless.pipeline.target.mode).toBe('replace');
  expect((await forge(['pipeline', 'run', 'keyless'], env())).code).toBe(0);
  expect([found.rows, keyless.rows, Number((await forge(['count', 'keyless'], env())).out)]).toEqual([2, 2, 2]);
}, 60_000);

test.skipIf(POSTGRES_MISSING !== null)(
  'a database of PostgreSQL, whose password is a secret',
  async () => {
    const { url, dispose } = await createTestDatabase();
    closing.push(dispose);
    await onServer(url, (client) =>
      client.query(
        "CREATE SCHEMA sales; CREATE TABLE sales.orders (region text, no int, price numeric(9,2), updated_at timestamptz, PRIMARY KEY (region, no)); INSERT INTO sales.orders SELECT 'north', n, n / 4.0, now() FROM generate_series(1, 25) n",
      ),
    );
    const { password } = new URL(url);
    const address = Object.assign(new URL(url), { password: '' }).href;
    const held = await forge(['pipeline', 'init', url], env());
    if (password !== '')
      expect(held).toMatchObject({ code: 2, err: expect.stringContaining('The address holds a password') });
    const found = await made('orders', [address, '--secret', 'DB'], { FORGE_SECRET_DB: decodeURIComponent(password) });
    expect(found.rows).toBe(25);
    expect(found.pipeline.source).toEqual({
      kind: 'sql',
      url: address,
      password: { secret: 'DB' },
      table: 'sales.orders',
    });
    expect(found.dataset).toMatchObject({
      primary_key: ['region', 'no'],
      properties: [{}, {}, { db_type: 'DECIMAL(9,2)' }, { db_type: 'TIMESTAMP' }],
    });
    expect(found.texts.pipeline).toContain('# incremental: {column: updated_at}');
  },
  60_000,
);

describeLeftOut();
