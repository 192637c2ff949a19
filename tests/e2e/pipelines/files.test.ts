import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ENGINES, type TestServer } from '../rest/support/server.ts';
import { runToEnd, startPipelineServer } from './support/pipeline-server.ts';

const PIPELINE = 'name: inbox\nsource: {kind: files, path: "data/*"}\ntarget: {dataset: log}\n';
let folder: string;
let server: TestServer | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-forge-[pipelines]-'));
  await mkdir(join(folder, 'data'));
});

afterEach(async () => {
  await server?.close();
  server = undefined;
  await rm(folder, { recursive: true, force: true });
});

function put(name: string, text: string | Buffer): Promise<void> {
  return writeFile(join(folder, 'data', name), text);
}

async function idsOf(dataset: string): Promise<number[]> {
  const answer = await server?.get(`/records/${dataset}?size=1000&sort=[{"field":"id","order":"asc"}]`);
  return answer?.json.data.items.map(({ data }: { data: { id: number } }) => data.id);
}

describe.each(ENGINES)('on %s', (engine) => {
  test('files of every text format are read once, and new ones when they come', async () => {
    await put('a.csv', 'id,name,price\n1,one,1.5\n2,"t,wo",2\n');
    await put('b.tsv', 'id\tname\tprice\n3\tthree, and "so"\t3\n');
    await put('c.ndjson', '{"id":4,"name":"four","price":4.1234}\n{"id":5}');
    await put('d.json', '[{"id":6},\n {"id":7}]');
    await put('e.ndjson.gz', gzipSync('{"id":8}\n'));
    await put('_half.csv', 'id\n99\n');
    server = await startPipelineServer(engine, folder, { 'inbox.yaml': PIPELINE });
    const first = await runToEnd(server, 'inbox');
    expect(first).toMatchObject({ state: 'succeeded', created: 8, error: null });
    expect(await idsOf('log')).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(await runToEnd(server, 'inbox')).toMatchObject({ state: 'succeeded', created: 0 });
    await put('f.csv', 'id\n9\n');
    expect(await runToEnd(server, 'inbox')).toMatchObject({ state: 'succeeded', created: 1 });
    expect(await idsOf('log')).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const { json } = await server.get('/pipelines');
    expect(json.pipelines).toEqual([
      expect.objectContaining({ name: 'inbox', source: 'files', last_run: expect.objectContaining({ created: 1 }) }),
    ]);
    expect((await server.get('/pipelines/inbox/runs')).json.runs).toHaveLength(3);
  });

  test('a file that grows is read on where it was left', async () => {
    await put('a.ndjson', '{"id":1}\n{"id":2}\n');
    const text = `${PIPELINE.replace('"data/*"', '"data/*", changed: added')}retry: {attempts: 1}\n`;
    server = await startPipelineServer(engine, folder, { 'inbox.yaml': text });
    expect(await runToEnd(server, 'inbox')).toMatchObject({ state: 'succeeded', created: 2 });
    await appendFile(join(folder, 'data', 'a.ndjson'), '{"id":3}\n');
    expect(await runToEnd(server, 'inbox')).toMatchObject({ state: 'succeeded', created: 1 });
    await put('a.ndjson', '{"id":7}\n{"id":2}\n{"id":3}\n{"id":4}\n');
    expect(await runToEnd(server, 'inbox')).toMatchObject({ state: 'failed', error: { code: 'source_failed' } });
    expect(await idsOf('log')).toEqual([1, 2, 3]);
  });

  test('rows that do not fit end the run and nothing of their batch is stored; or they are set aside', async () => {
    await put('a.ndjson', '{"id":1}\n{"id":"x"}\n{"id":3,"colour":"red"}\n');
    const aside = PIPELINE.replace('inbox', 'aside').replace(
      'log}',
      'log, contract: quarantine, quarantine: set_aside}',
    );
    server = await startPipelineServer(engine, folder, { 'inbox.yaml': PIPELINE, 'aside.yaml': aside });
    expect(await runToEnd(server, 'inbox')).toMatchObject({ state: 'failed', error: { code: 'invalid_value' } });
    expect(await idsOf('log')).toEqual([]);
    expect(await runToEnd(server, 'aside')).toMatchObject({ state: 'succeeded', created: 1, rejected: 2 });
    expect(await idsOf('log')).toEqual([1]);
    const { json } = await server.get('/records/set_aside?sort=[{"field":"line","order":"asc"}]');
    expect(json.data.items.map(({ data }: { data: object }) => data)).toEqual([
      expect.objectContaining({ pipeline: 'aside', batch: 1, line: 2, format: 'ndjson', row: '{"id":"x"}' }),
      expect.objectContaining({ line: 3, row: '{"id":3,"colour":"red"}', reason: expect.stringContaining('colour') }),
    ]);
  });

  test('a SELECT or a function makes other rows', async () => {
    await put('a.csv', 'Key,Title,Cost\n1,one,2.5\n2,two,3.5\n');
    const source = 'source: {kind: files, path: "data/*"}';
    server = await startPipelineServer(engine, folder, {
      'sql.yaml': `name: sql\n${source}\ntransform: SELECT Key AS id, upper(Title) AS name, Cost * 2 AS price FROM batch WHERE Missing IS NULL\ntarget: {dataset: items, mode: upsert}\n`,
      'joined.yaml': `name: joined\n${source}\ntransform: SELECT b.Key + 10 AS id, i.name FROM batch b JOIN items i ON i.id = b.Key AND i.price > 5\ntarget: {dataset: log}\n`,
      'columns.yaml': `name: columns\n${source}\ntransform: SELECT 30 AS id, array_to_string(json_keys(to_json(i)), ' ') AS name FROM batch b JOIN items i ON i.id = b.Key AND b.Key = 2\ntarget: {dataset: log}\n`,
      'run.ts': `export default { name: 'run', source: { kind: 'files', path: 'data/*' }, target: { dataset: 'log' },
        transform: (rows: { Key: number }[]) => rows.map(({ Key }) => ({ id: Key + 20 })) };\n`,
    });
    expect(await runToEnd(server, 'sql')).toMatchObject({ state: 'succeeded', created: 2 });
    expect(await runToEnd(server, 'joined')).toMatchObject({ state: 'succeeded', created: 1 });
    expect(await runToEnd(server, 'run')).toMatchObject({ state: 'succeeded', created: 2 });
    expect(await idsOf('log')).toEqual([12, 21, 22]);
    expect(await runToEnd(server, 'columns')).toMatchObject({ error: null, state: 'succeeded', created: 1 });
    const filters = encodeURIComponent('[{"field":"id","operator":"eq","value":30}]');
    const { name } = (await server.get(`/records/log?filters=${filters}`)).json.data.items[0].data;
    expect(name).toBe('_id id name price created_at updated_at version');
    const { json } = await server.get('/records/items/by-key?id=2');
    expect(json.data).toEqual({ id: 2, name: 'TWO', price: 7 });
  });
});

describe.each(ENGINES)('a dataset that grows on %s', (engine) => {
  test('gets a property for each new member, in its own file, and the rows that need it', async () => {
    await put('a.ndjson', '{"id":1,"name":"one"}\n');
    server = await startPipelineServer(engine, folder, {
      'inbox.yaml': PIPELINE.replace('log}', 'log, contract: evolve}'),
    });
    const file = join(server.folder, 'datasets', 'log.yaml');
    await writeFile(file, `# Ours.\n${await readFile(file, 'utf8')}`);
    expect(await runToEnd(server, 'inbox')).toMatchObject({ state: 'succeeded', created: 1 });
    await put('b.csv', 'id,colour,seen\n2,red,2024-05-06\n3,,\n');
    await put('c.ndjson', '{"id":4,"size":1.5,"colour":"blue"}\n');
    expect(await runToEnd(server, 'inbox')).toMatchObject({ error: null, state: 'succeeded', created: 3 });
    const { json } = await server.get('/records/log?sort=[{"field":"id","order":"asc"}]');
    expect(json.data.items.map(({ data }: { data: object }) => data)).toEqual([
      { id: 1, name: 'one', price: null, colour: null, seen: null, size: null },
      { id: 2, name: null, price: null, colour: 'red', seen: '2024-05-06', size: null },
      { id: 3, name: null, price: null, colour: null, seen: null, size: null },
      { id: 4, name: null, price: null, colour: 'blue', seen: null, size: 1.5 },
    ]);
    const text = await readFile(file, 'utf8');
    expect(text).toContain('# Ours.');
    expect(text).toMatch(/colour, type: string/);
    await put('d.ndjson', '{"id":"five"}\n');
    expect(await runToEnd(server, 'inbox')).toMatchObject({ state: 'failed', error: { code: 'invalid_value' } });
  });
});
