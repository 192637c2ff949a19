import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const A = 'name: a\nproperties: [{name: x, type: integer}]\n';

let folder: string;
let started: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-forge-process-'));
  await mkdir(join(folder, 'datasets'));
  await writeFile(join(folder, 'datasets', 'a.yaml'), A);
});

afterEach(async () => {
  for (const child of started) child.kill('SIGKILL');
  started = [];
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** The real process, as `npm start` runs it. */
function start(env: Readonly<Record<string, string>> = {}, args: readonly string[] = []) {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      UV_THREADPOOL_SIZE: '16',
      PORT: '0',
      FLIGHT_PORT: '0',
      DATA_DIR: 'data',
      DATASETS_DIR: 'datasets',
      DB_ENGINE: 'memory',
      LOG_FORMAT: 'json',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  const output = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    output.err += text;
  });
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  return { child, output, exited };
}

const serverFile = () => join(folder, 'data', 'server.json');

async function addressOf(): Promise<string> {
  await expect.poll(() => existsSync(serverFile()), { timeout: 15_000 }).toBe(true);
  return JSON.parse(readFileSync(serverFile(), 'utf8')).address;
}

describe('the process', () => {
  test('tells where it is, serves, and leaves nothing behind when it is stopped', async () => {
    const { child, output, exited } = start();
    const address = await addressOf();
    expect(JSON.parse(readFileSync(serverFile(), 'utf8'))).toMatchObject({
      pid: child.pid,
      version: expect.any(String),
      started_at: expect.any(String),
    });
    expect(output.out).toContain(address);
    expect((await fetch(`${address}/api/v1/schemas`)).status).toBe(200);
    child.kill('SIGTERM');
    expect(await exited).toBe(0);
    expect(existsSync(serverFile())).toBe(false);
    expect(output.err).toBe('');
  });

  test('lets what runs come to its end, and holds nobody who only waits', async () => {
    const { child, exited } = start();
    const address = await addressOf();
    const waiting = fetch(`${address}/api/v1/records/a/changes?wait=30`);
    const body = new ReadableStream({
      async start(stream) {
        for (let at = 0; at < 10; at++) {
          stream.enqueue(new TextEncoder().encode(`{"x":${at}}\n`));
          await new Promise((resolve) => setTimeout(resolve, 60));
        }
        stream.close();
      },
    });
    const upload = fetch(`${address}/api/v1/records/a/bulk`, {
      method: 'POST',
      body,
      duplex: 'half',
      headers: { 'content-type': 'application/x-ndjson' },
    });
    await new Promise((resolve) => setTimeout(resolve, 250));
    child.kill('SIGTERM');
    expect((await waiting).status).toBe(200);
    const answer = await upload;
    expect([answer.status, ((await answer.json()) as { records_created: number }).records_created]).toEqual([201, 10]);
    expect(await exited).toBe(0);
  });

  test('does not wait for ever', async () => {
    const { child, exited } = start({ SHUTDOWN_TIMEOUT_MS: '300' });
    const address = await addressOf();
    const body = new ReadableStream({ pull: () => new Promise(() => {}) });
    const upload = fetch(`${address}/api/v1/records/a/bulk`, {
      method: 'POST',
      body,
      duplex: 'half',
      headers: { 'content-type': 'application/x-ndjson' },
    });
    const failed = expect(upload).rejects.toThrow();
    await new Promise((resolve) => setTimeout(resolve, 200));
    child.kill('SIGINT');
    expect(await exited).toBe(0);
    await failed;
  });

  test.skipIf(process.platform === 'win32')(
    'SIGHUP takes the files over; a broken one leaves the old set running',
    async () => {
      const { child, output } = start();
      const address = await addressOf();
      const names = async () =>
        ((await (await fetch(`${address}/api/v1/schemas`)).json()) as { name: string }[]).map(({ name }) => name);
      await writeFile(join(folder, 'datasets', 'b.yaml'), 'name: b\nproperties: [{name: y, type: text}]\n');
      child.kill('SIGHUP');
      await expect.poll(() => output.out, { timeout: 5000 }).toMatch(/b\.yaml:2:\d+/);
      expect(await names()).toEqual(['a', 'forge_runs']);
      await writeFile(join(folder, 'datasets', 'b.yaml'), 'name: b\nproperties: [{name: y, type: string}]\n');
      child.kill('SIGHUP');
      await expect.poll(names, { timeout: 5000 }).toEqual(['a', 'b', 'forge_runs']);
      await rm(join(folder, 'datasets', 'a.yaml'));
      child.kill('SIGHUP');
      await expect.poll(names, { timeout: 5000 }).toEqual(['b', 'forge_runs']);
      await expect.poll(() => output.out, { timeout: 5000 }).toMatch(/\\"a\\" is in the store and has no file/);
    },
  );

  test('watches the files where it is told to', async () => {
    start({ WATCH_DATASETS: 'true' });
    const address = await addressOf();
    await new Promise((resolve) => setTimeout(resolve, 300));
    await writeFile(join(folder, 'datasets', 'b.yaml'), 'name: b\nproperties: [{name: y, type: string}]\n');
    await expect.poll(async () => (await fetch(`${address}/api/v1/schemas/b`)).status, { timeout: 8000 }).toBe(200);
  });
});

describe('what keeps it from starting is told in a sentence, with an exit code', () => {
  test('a setting that is not valid', async () => {
    const { output, exited } = start({ PORT: 'eighty', LOG_LEVEL: 'loud' });
    expect(await exited).toBe(2);
    expect(output.err).toMatch(/^data-forge: /);
    expect(output.err).toContain('PORT must be');
    expect(output.err).toContain('LOG_LEVEL must be');
    expect(output.err).not.toContain(' at ');
  });

  test('another address without tokens', async () => {
    const { output, exited } = start({ HOST: '0.0.0.0' });
    expect(await exited).toBe(2);
    expect(output.err).toContain('API_TOKENS');
  });

  test('a flag that is not there', async () => {
    const { output, exited } = start({}, ['--prot', '1']);
    expect(await exited).toBe(2);
    expect(output.err).toContain('did you mean "--port"');
  });

  test('broken dataset files, all at once', async () => {
    await writeFile(join(folder, 'datasets', 'a.yaml'), 'name: a\nproperties: [{name: x, type: text}, {name: y}]\n');
    const { output, exited } = start();
    expect(await exited).toBe(2);
    expect(output.err).toMatch(/a\.yaml:2:\d+: Property "x"/);
    expect(output.err).toMatch(/a\.yaml:2:\d+: Property "y"/);
    expect(existsSync(serverFile())).toBe(false);
  });

  test('a port that is taken', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    const { output, exited } = start({ PORT: String(port) });
    expect(await exited).toBe(2);
    expect(output.err).toMatch(new RegExp(`^data-forge: Port ${port} .* is taken`));
    taken.close();
  });

  test('a store that another process has open', async () => {
    const first = start({ DB_ENGINE: 'duckdb' });
    await addressOf();
    const { output, exited } = start({ DB_ENGINE: 'duckdb' });
    expect(await exited).toBe(6);
    expect(output.err).toMatch(/open in another process/);
    first.child.kill('SIGTERM');
    expect(await first.exited).toBe(0);
  });

  test('a file that asks for more than a safe change; nothing is touched', async () => {
    const first = start({ DB_ENGINE: 'duckdb' });
    const address = await addressOf();
    await fetch(`${address}/api/v1/records`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"schema_name":"a","data":{"x":5}}',
    });
    first.child.kill('SIGTERM');
    await first.exited;
    await writeFile(join(folder, 'datasets', 'a.yaml'), 'name: a\nproperties: [{name: y, type: string}]\n');
    const second = start({ DB_ENGINE: 'duckdb' });
    expect(await second.exited).toBe(5);
    expect(second.output.err).toContain('forge schema plan a');
    await writeFile(join(folder, 'datasets', 'a.yaml'), `${A.slice(0, -2)}, {name: z, type: string, default: new}]\n`);
    const third = start({ DB_ENGINE: 'duckdb' });
    const page = (await (await fetch(`${await addressOf()}/api/v1/records/a`)).json()) as {
      data: { items: { data: unknown; version: number }[] };
    };
    expect(page.data.items.map(({ data, version }) => [data, version])).toEqual([[{ x: 5, z: 'new' }, 1]]);
    third.child.kill('SIGTERM');
    expect(await third.exited).toBe(0);
  });

  test('--help and --version', async () => {
    const help = start({}, ['--help']);
    expect(await help.exited).toBe(0);
    expect(help.output.out).toContain('--max-page-size');
    const version = start({}, ['--version']);
    expect(await version.exited).toBe(0);
    expect(version.output.out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
