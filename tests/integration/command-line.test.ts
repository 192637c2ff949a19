import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../../src/presentation/cli/main.ts', import.meta.url));
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-forge-forge-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

function start(...args: string[]) {
  const env = {
    ...process.env,
    DATA_DIR: 'data',
    DATASETS_DIR: 'datasets',
    PORT: '0',
    FLIGHT_PORT: '0',
    LOG_FORMAT: 'json',
    API_TOKENS: '',
  };
  return spawn(process.execPath, [MAIN, ...args], { cwd: folder, env });
}

async function forge(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = start(...args);
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, out, err };
}

test('a file becomes a dataset, and its rows come back in every way, with no server', async () => {
  await writeFile(join(folder, 'sales.csv'), 'day,amount,region\n2024-01-31,1.5,north\n2024-02-01,2,south\n');
  const loaded = await forge('load', 'sales.csv');
  expect(loaded).toMatchObject({ code: 0, out: expect.stringMatching(/^sales: 2 created/) });
  expect((await forge('count', 'sales', '-f', 'region eq north')).out).toBe('1\n');
  const page = JSON.parse((await forge('query', 'sales', '--sort', 'amount:desc', '--json')).out);
  expect(page.data.items.map((item: { data: object }) => item.data)).toEqual([
    { day: '2024-02-01', amount: 2, region: 'south' },
    { day: '2024-01-31', amount: 1.5, region: 'north' },
  ]);
  for (const file of ['s.parquet', 's.arrow', 's.ndjson.gz', 's.csv.zst']) {
    expect(await forge('export', 'sales', '--flat', '--to', file)).toMatchObject({ code: 0 });
    const into = `from_${file.replaceAll('.', '_')}`;
    const back = await forge('load', file, '--into', into);
    expect(back, `${file}: ${back.err}`).toMatchObject({ code: 0, out: expect.stringContaining('2 created') });
    expect((await forge('query', into, '--fields', 'day,amount,region', '--json')).out).toContain('"amount":1.5');
  }
  expect((await forge('get', 'sales', page.data.items[0].id)).out).toMatch(/^region +south$/m);
  expect((await forge('changes', 'sales')).out.trim().split('\n')).toHaveLength(2);
}, 120_000);

test('a backup can be restored', async () => {
  expect(await forge('backup', 'b.backup')).toMatchObject({ code: 0 });
  await writeFile(join(folder, 'more.csv'), 'day,amount,region\n2024-03-01,3,west\n');
  expect((await forge('load', 'more.csv', '--into', 'sales')).code).toBe(0);
  expect((await forge('count', 'sales')).out).toBe('3\n');
  expect(await forge('restore', 'b.backup')).toMatchObject({ code: 2, err: expect.stringContaining('--replace') });
  expect(await forge('restore', 'sales.csv', '--replace')).toMatchObject({
    code: 6,
    err: expect.stringContaining('nothing was changed'),
  });
  expect(await forge('restore', 'none', '--replace')).toMatchObject({ code: 2 });
  expect((await forge('count', 'sales')).out).toBe('3\n');
  expect(await forge('restore', 'b.backup', '--replace')).toMatchObject({ code: 0 });
  expect((await forge('count', 'sales')).out).toBe('2\n');
  expect((await readdir(join(folder, 'data'))).filter((name) => name.includes('replaced'))).toHaveLength(1);
}, 60_000);

test('a damaged store is told, and a backup takes its place', async () => {
  await writeFile(join(folder, 'data', 'store.duckdb'), 'rubbish'.repeat(1000));
  expect(await forge('count', 'sales')).toMatchObject({ code: 6, err: expect.stringContaining('forge restore') });
  expect(await forge('restore', 'b.backup', '--replace')).toMatchObject({ code: 0 });
  expect((await forge('count', 'sales')).out).toBe('2\n');
}, 60_000);

test('a changed file is planned and applied', async () => {
  const file = join(folder, 'datasets', 'sales.yaml');
  const text = await readFile(file, 'utf8');
  await writeFile(file, `${text}  - name: note\n    type: string\n`);
  for (let round = 0; round < 2; round++) {
    const { out } = await forge('schema', 'plan', 'sales');
    expect(out, 'a plan changes nothing').toContain('safe: The property "note" is new');
    expect((await forge('doctor')).code).toBe(0);
  }
  await writeFile(file, text.replace('  - name: region\n    type: string\n', ''));
  const plan = await forge('schema', 'plan', 'sales');
  expect(plan.out).toContain('refused, loses values: The property "region" is no longer in the file');
  expect((await forge('schema', 'apply', 'sales')).code).toBe(5);
  expect(await forge('schema', 'apply', 'sales', '--accept-loss')).toMatchObject({
    code: 0,
    out: expect.stringContaining('.backup'),
  });
  expect((await forge('schema', 'plan', 'sales')).out).toBe('sales: the store fits the file\n');
}, 60_000);

test('commands find the running server, which stops on a signal', async () => {
  const server = start('start');
  const stopped = new Promise<number | null>((resolve) => server.on('close', resolve));
  await expect.poll(() => readdir(join(folder, 'data')), { timeout: 15_000 }).toContain('server.json');
  expect((await forge('count', 'sales')).out).toBe('2\n');
  expect((await forge('doctor')).out).toMatch(/ok +server +http:/);
  expect(await forge('restore', 'b.backup', '--replace')).toMatchObject({
    code: 6,
    err: expect.stringContaining('stop it first'),
  });
  server.kill('SIGTERM');
  expect(await stopped).toBe(0);
  expect(await readdir(join(folder, 'data'))).not.toContain('server.json');
}, 60_000);
