import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DatasetFolder } from '#adapters/described-files/dataset-folder.ts';
import { PipelineFolder } from '#adapters/described-files/pipeline-folder.ts';
import { JOBS } from '#adapters/jobs/registry.ts';
import { SOURCE_KINDS } from '#adapters/sources/registry.ts';
import { compileRe2 } from '#infrastructure/re2.ts';
import { PROBLEMS } from '../problem.ts';
import { runCli } from './cli.ts';
import { EXIT_CODES } from './exit-codes.ts';
import type { CliHost } from './host.ts';

let folder: string;
let server: Server;
let url: string;
let requests: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[];
let answers: Record<string, { status?: number; type?: string; body: string | Buffer }>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-forge-cli-'));
  await mkdir(join(folder, 'datasets'));
  requests = [];
  answers = { 'GET /health/live': { body: '{}' } };
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    requests.push({
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(chunks).toString('latin1'),
    });
    const path = (request.url ?? '').split('?')[0];
    const answer = answers[`${request.method} ${path}`] ?? {
      status: 404,
      body: JSON.stringify({
        code: path?.startsWith('/api/v1/schemas') ? 'unknown_dataset' : 'unknown_route',
        detail: `no ${path}`,
      }),
    };
    response.writeHead(answer.status ?? 200, { 'content-type': answer.type ?? 'application/json' }).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true, force: true });
});

/** A stream that keeps what is written. */
function collector() {
  const chunks: Buffer[] = [];
  return {
    write: (text: string | Uint8Array) => chunks.push(Buffer.from(text as Uint8Array)) > 0,
    text: () => Buffer.concat(chunks).toString(),
  };
}

async function forge(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const out = collector();
  const err = collector();
  const dataDir = join(folder, 'data');
  const host: CliHost = {
    version: '1.2.3',
    out,
    err,
    env: {},
    settings: [{ name: 'PORT', flags: '--port <number>', description: 'Port.', default: '8080' }],
    loadConfig: () => {
      return {
        dataDir,
        datasetsDir: join(folder, 'datasets'),
        pipelinesDir: existsSync(join(folder, 'pipelines')) ? join(folder, 'pipelines') : null,
        servesExamples: false,
        servesExamplePipelines: false,
        ownDatasetsDir: null,
        apiTokens: [],
      };
    },
    datasetFiles: (path) => new DatasetFolder(path, compileRe2),
    pipelineFiles: (path) => new PipelineFolder(path, SOURCE_KINDS, JOBS),
    startOwnServer: async () => ({ url, close: async () => {} }),
    runServer: async (flags) => {
      out.write(`running with ${JSON.stringify(flags)}`);
    },
    runWorker: async (flags, server) => {
      out.write(`working for ${server.url} with ${JSON.stringify(flags)}`);
    },
    draftPipeline: async () => {
      throw new TypeError('nothing is drafted here');
    },
    restore: async () => null,
    migrate: async () => ({ rows: 0, parts: [] }),
    readColumns: async () => [],
    convert: async () => 0,
  };
  const code = await runCli(argv, host, new AbortController().signal);
  return { code, out: out.text(), err: err.text() };
}

const put = (name: string, text: string | Buffer) => writeFile(join(folder, name), text);

describe('dataset files', () => {
  test('check and schemas say what is there', async () => {
    await put('datasets/a.yaml', 'name: a\nprimary_key: [x]\nproperties: [{name: x, type: integer}]\n');
    expect(await forge('check')).toEqual({ code: 0, out: 'One dataset is in order: a\n', err: '' });
    expect((await forge('schemas')).out).toMatch(/^a +1 +x$/m);
    expect((await forge('schemas', 'a')).out).toMatch(/^x +BIGINT +key$/m);
    expect(JSON.parse((await forge('schemas', '--json')).out)).toMatchObject([
      { name: 'a', primary_key: ['x'] },
      { name: 'forge_runs', system: true },
    ]);
    expect(await forge('schemas', 'b')).toMatchObject({
      code: 3,
      err: 'forge: No dataset file describes "b" (did you mean "a"?).\n',
    });
  });

  test('check looks at pipelines too, and at the datasets that they name', async () => {
    await put('datasets/a.yaml', 'name: a\nproperties: [{name: x, type: integer}]\n');
    await mkdir(join(folder, 'pipelines'));
    await put('pipelines/p.yaml', 'name: p\nsource: {kind: files, path: x}\ntarget: {dataset: a}\n');
    expect((await forge('check')).out).toBe('One dataset is in order: a\nOne pipeline is in order: p\n');
    await put('pipelines/q.yaml', 'name: q\nsource: {kind: files, path: x}\ntarget: {dataset: b}\n');
    expect(await forge('check')).toMatchObject({ code: 2, err: expect.stringContaining('dataset "b"') });
    await put('pipelines/q.yaml', 'name: q\nsource: {kind: files}\n');
    expect(JSON.parse((await forge('check', '--json')).out)).toMatchObject({ faults: [{ file: 'q.yaml' }, {}] });
  });

  test('check tells every fault, as text and as JSON', async () => {
    await put('datasets/a.yaml', 'name: a\nproperties: [{name: x, type: text}]\nextra: 1\n');
    const text = await forge('check');
    expect(text.code).toBe(2);
    expect(text.err).toMatch(
      /a\.yaml:2:\d+: Property "x": type "text" is not known[\s\S]*a\.yaml:3:1: The dataset may not have "extra"/,
    );
    const json = await forge('check', '--json');
    expect(JSON.parse(json.out)).toMatchObject({ ok: false, faults: [{ line: 2 }, { line: 3 }] });
    expect(JSON.parse(json.err)).toMatchObject({ code: 'invalid_dataset_file' });
  });
});

describe('against a server', () => {
  test('query sends what was asked for and keeps every digit', async () => {
    answers['POST /api/v1/records/a/query'] = {
      body: '{"success":true,"data":{"items":[{"id":"i","data":{"n":9007199254740993,"t":"x y","z":null}}],"total":1234,"next_cursor":"c"}}',
    };
    const args = [
      'query',
      'a',
      '-f',
      'n gt 1',
      '-f',
      '{"field":"t","operator":"is_null"}',
      '-s',
      'n:desc,t',
      '--fields',
      'n,t',
      '-n',
      '5',
    ];
    const text = await forge(...args, '--url', url, '--token', 'secret');
    expect(text).toMatchObject({ code: 0, err: '' });
    expect(text.out).toBe(
      'id                 n  t    z\n--  ----------------  ---  -\ni   9007199254740993  x y\n\n1 of 1\u202f234 records; the next page: --cursor c\n',
    );
    expect(requests[0]?.headers.authorization).toBe('Bearer secret');
    expect(JSON.parse(requests[0]?.body ?? '')).toEqual({
      filters: [
        { field: 'n', operator: 'gt', value: 1 },
        { field: 't', operator: 'is_null' },
      ],
      sort: [
        { field: 'n', order: 'desc' },
        { field: 't', order: 'asc' },
      ],
      fields: ['n', 't'],
      size: 5,
    });
    expect((await forge(...args, '--json', '--url', url)).out).toContain('"n":9007199254740993');
  });

  test('count, get by id and by key, changes', async () => {
    answers['GET /api/v1/records/a%2Fb/count'] = { body: '{"count":7}' };
    answers['GET /api/v1/records/a/by-key'] = { body: '{"id":"i","data":{"x":1}}' };
    answers['GET /api/v1/records/a/changes'] = { body: '{"changes":[{"seq":1},{"seq":2}],"next":2,"has_more":false}' };
    expect((await forge('count', 'a/b', '--url', url)).out).toBe('7\n');
    expect((await forge('get', 'a', 'x=1', 'y=a=b', '--url', url)).out).toContain('x         1');
    expect(requests.at(-1)?.url).toBe('/api/v1/records/a/by-key?x=1&y=a%3Db');
    expect((await forge('changes', 'a', '--url', url)).out).toBe('{"seq":1}\n{"seq":2}\n');
  });

  test('an error of the server keeps its code, its faults and its exit code', async () => {
    answers['GET /api/v1/records/a/count'] = {
      status: 400,
      type: 'application/problem+json',
      body: JSON.stringify({
        code: 'invalid_filter',
        detail: 'No such field.',
        errors: [
          { pointer: '/0', message: 'one' },
          { pointer: '/1', message: 'two' },
        ],
      }),
    };
    expect(await forge('count', 'a', '--url', url)).toEqual({
      code: 2,
      out: '',
      err: 'forge: A filter is not valid:\n  one\n  two\n',
    });
    const json = await forge('count', 'a', '--url', url, '--json');
    expect(JSON.parse(json.err)).toMatchObject({
      code: 'invalid_filter',
      errors: [{ message: 'one' }, { message: 'two' }],
    });
    expect((await forge('get', 'a', 'x', '--url', url)).code).toBe(3);
  });

  test('wrong rows of a file are told with their lines', async () => {
    answers['GET /api/v1/schemas/sales'] = { body: '{}' };
    answers['POST /api/v1/records/sales/bulk'] = {
      status: 400,
      body: JSON.stringify({
        code: 'invalid_value',
        detail: 'Line 3: x must be an integer.',
        errors: [{ pointer: '/3/x', message: 'x must be an integer.' }],
        details: { rejections: [{ line: 3, errors: [{ pointer: '/x', message: 'x must be an integer.' }] }] },
      }),
    };
    await put('sales.csv', 'x\n1\na\n');
    const answer = await forge('load', join(folder, 'sales.csv'), '--url', url);
    expect(answer.err).toBe('forge: A value breaks the rules of its property:\n  line 3: x must be an integer.\n');
  });

  test('a server that is not there is told', async () => {
    const answer = await forge('count', 'a', '--url', 'http://127.0.0.1:1');
    expect(answer).toMatchObject({
      code: 6,
      err: 'forge: No server answers at http://127.0.0.1:1; start one with: forge start\n',
    });
  });

  test('the server of the data folder is found', async () => {
    answers['GET /api/v1/records/a/count'] = { body: '{"count":1}' };
    await mkdir(join(folder, 'data'));
    await put('data/server.json', JSON.stringify({ address: url, pid: process.pid }));
    expect((await forge('count', 'a')).out).toBe('1\n');
    expect(requests[0]?.url).toBe('/health/live');
  });
});

describe('load', () => {
  test('a file is sent as it lies there, with its kind', async () => {
    answers['GET /api/v1/schemas/sales'] = { body: '{}' };
    answers['POST /api/v1/records/sales/bulk'] = {
      status: 201,
      body: '{"records_created":2,"records_rejected":1,"rejections":[{"line":4,"errors":[{"message":"x must be an integer."}]}]}',
    };
    await put('sales.csv.gz', gzipSync('x\n1\n2\na\n'));
    const answer = await forge('load', join(folder, 'sales.csv.gz'), '--on-invalid', 'reject', '--url', url);
    expect(answer.out).toMatch(/^sales: 2 created, 1 rejected in [\d.]+ s\n {2}line 4: x must be an integer\.\n$/);
    expect(requests[1]).toMatchObject({
      url: '/api/v1/records/sales/bulk?on_conflict=error&on_invalid=reject',
      headers: { 'content-type': 'text/csv', 'content-encoding': 'gzip' },
    });
    expect(gunzipSync(Buffer.from(requests[1]?.body ?? '', 'latin1')).toString()).toBe('x\n1\n2\na\n');
  });

  test('a dataset that does not exist is made of what the file holds', async () => {
    answers['POST /api/v1/admin/reload'] = { body: '{}' };
    answers['POST /api/v1/records/sales/bulk'] = { status: 201, body: '{"records_created":2}' };
    await put('sales.csv', 'day,amount,code,Größe\n2024-01-31,1.5,007,\n2024-02-01,2,008,"1"\n');
    const answer = await forge('load', join(folder, 'sales.csv'));
    expect(answer).toMatchObject({
      code: 0,
      err: expect.stringMatching(/finding the types[\s\S]*New dataset "sales" with 4 properties/),
    });
    const [dataset] = await new DatasetFolder(join(folder, 'datasets'), compileRe2).read();
    expect(dataset?.properties.map(({ name, dbType }) => [name, dbType.name])).toEqual([
      ['day', 'DATE'],
      ['amount', 'DOUBLE'],
      ['code', 'VARCHAR'],
      ['Größe', 'BIGINT'],
    ]);
  });

  test.each([
    ['ndjson', '{"a":1,"b":[1]}\n{"a":2.5}\n'],
    ['json', '[{"a":1,"b":[1]},{"a":2.5}]'],
    ['ndjson', '{"id":"x","schema_name":"t","data":{"a":1.5,"b":[]}}\n'],
  ])('types are found in %s', async (ending, text) => {
    answers['POST /api/v1/admin/reload'] = { body: '{}' };
    answers['POST /api/v1/records/t/bulk'] = { status: 201, body: '{"records_created":2}' };
    await put(`t.${ending}`, text);
    expect((await forge('load', join(folder, `t.${ending}`))).code).toBe(0);
    expect(await readFile(join(folder, 'datasets', 't.yaml'), 'utf8')).toContain(
      'name: t\nproperties:\n  - name: a\n    type: number\n  - name: b\n    type: array\n',
    );
  });

  test('a file that cannot be loaded changes nothing', async () => {
    await put('_x.csv', 'a\n1\n');
    await put('y.csv', '_a\n1\n');
    expect((await forge('load', join(folder, '_x.csv'))).err).toContain('give another with --into');
    expect((await forge('load', join(folder, 'y.csv'))).err).toContain('The column "_a" must not begin with "_"');
    expect((await forge('load', join(folder, 'none.csv'))).code).toBe(2);
    expect((await forge('load', join(folder, 'y.doc'))).err).toContain('The format of');
    expect(existsSync(join(folder, 'datasets', 'y.yaml'))).toBe(false);
  });
});

describe('export', () => {
  beforeEach(() => {
    answers['GET /api/v1/records/a/count'] = { body: '{"count":2}' };
    answers['GET /api/v1/records/a/stream'] = { type: 'text/csv', body: 'x\n1\n2\n' };
  });

  test('goes to the standard output, or into a file that is whole or not there', async () => {
    expect((await forge('export', 'a', '--format', 'csv', '--url', url)).out).toBe('x\n1\n2\n');
    expect(requests[0]?.headers.accept).toBe('text/csv');
    const file = join(folder, 'a.csv.gz');
    const answer = await forge('export', 'a', '--to', file, '--limit', '2', '--url', url);
    expect(answer.out).toBe(`${file}: 2 records, ${(await readFile(file)).length} B\n`);
    expect(gunzipSync(await readFile(file)).toString()).toBe('x\n1\n2\n');
    expect(existsSync(`${file}.part`)).toBe(false);
  });
});

test('help, version, completion and start', async () => {
  expect((await forge('--version')).out).toBe('1.2.3\n');
  const help = await forge('--help');
  expect(help).toMatchObject({ code: 0, err: '' });
  expect(help.out).toMatch(/Examples:[\s\S]*Exit codes:/);
  for (const shell of ['bash', 'zsh', 'fish', 'powershell']) {
    expect((await forge('completion', shell)).out).toMatch(/schemas[\s\S]*on-conflict/);
  }
  expect((await forge('start', '--port', '9', '--data-dir', 'd')).out).toBe('running with {"DATA_DIR":"d","PORT":"9"}');
  expect((await forge('strat')).code).toBe(2);
});

test('every exit code of the catalogue is explained', () => {
  for (const { exit } of Object.values(PROBLEMS)) expect(EXIT_CODES[exit]).toBeDefined();
});

test('doctor says what is wrong', async () => {
  const answer = await forge('doctor');
  expect(answer.code).toBe(6);
  expect(answer.out).toMatch(/ok +configuration[\s\S]*BAD +store/);
  answers['GET /api/v1/schemas'] = { body: '[]' };
  expect((await forge('doctor')).code).toBe(0);
});

test('schema plan and apply, backup and restore', async () => {
  const steps = [{ kind: 'drop-property', safety: 'refused', loses: true, reason: 'The property "x" goes.' }];
  answers['GET /api/v1/admin/schemas/a/plan'] = { body: JSON.stringify({ steps }) };
  answers['POST /api/v1/admin/schemas/a/apply'] = { body: JSON.stringify({ steps, backup: 'b.duckdb' }) };
  answers['POST /api/v1/admin/backup'] = { body: '{"path":"b.duckdb"}' };
  expect((await forge('schema', 'plan', 'a')).out).toBe('a:\n  refused, loses values: The property "x" goes.\n');
  expect((await forge('schema', 'apply', 'a', '--accept-loss')).out).toContain('The store as it was: b.duckdb');
  expect(requests.at(-1)?.body).toBe('{"accept_loss":true}');
  expect((await forge('backup')).out).toBe('Backup written: b.duckdb\n');
  expect((await forge('restore', 'b.duckdb')).out).toBe('Restored from b.duckdb\n');
});

describe('sql', () => {
  const answer =
    '{"success":true,"columns":[{"name":"n","type":"INTEGER"}],"rows":[[1]],"truncated":false,"execution_time_ms":1}';

  test('sends the query with its parameters and shows a table', async () => {
    answers['POST /api/v1/query'] = { body: answer };
    const { code, out } = await forge('sql', 'SELECT $a', '-p', 'a=1', '-p', 'b=x', '-n', '5', '--url', url);
    expect([code, out]).toEqual([0, 'n\n-\n1\n\n1 row in 1 ms\n']);
    expect(JSON.parse(requests.at(-1)?.body ?? '')).toEqual({ sql: 'SELECT $a', params: { a: 1, b: 'x' }, limit: 5 });
    await forge('sql', 'SELECT ?', '-p', '1', '-p', 'x y', '--json', '--url', url);
    expect(JSON.parse(requests.at(-1)?.body ?? '').params).toEqual([1, 'x y']);
    expect((await forge('sql', 'SELECT 1', '-p', 'a=1', '-p', '2', '--url', url)).code).toBe(2);
  });

  test('writes a file in the format of its name', async () => {
    answers['POST /api/v1/query'] = { type: 'text/csv', body: 'n\n1\n' };
    const file = join(folder, 'out.csv.gz');
    expect((await forge('sql', 'SELECT 1 AS n', '--to', file, '--url', url)).code).toBe(0);
    expect(gunzipSync(await readFile(file)).toString()).toBe('n\n1\n');
    expect(requests.at(-1)?.headers.accept).toBe('text/csv');
    expect((await forge('sql', 'SELECT 1 AS n', '--format', 'csv', '--url', url)).out).toBe('n\n1\n');
  });

  test('has no prompt where there is no terminal', async () => {
    expect((await forge('sql', '--url', url)).err).toContain('name a query');
  });
});
