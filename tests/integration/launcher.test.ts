import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { constants, cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const launcher = join(root, 'bin', 'launch.mjs');
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forge launcher '));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Starts a small script by the launcher; the script's path has a blank in it, as it may have on a user's disk. */
async function launch(source: string, { args = [], env = {} }: { args?: string[]; env?: NodeJS.ProcessEnv } = {}) {
  const script = join(folder, `script-${Math.random().toString(36).slice(2)}.ts`);
  await writeFile(script, source);
  const child = spawn(process.execPath, [launcher, script, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  return { child, closed: closed(child), said: () => output };
}

async function closed(child: ChildProcess): Promise<{ code: number | null; signal: string | null }> {
  const [code, signal] = await once(child, 'close');
  return { code, signal };
}

describe('the launcher', () => {
  test('runs TypeScript with Node 26 or newer and hands the arguments on', async () => {
    const source =
      'const told: string[] = process.argv.slice(2); console.log(process.versions.node, JSON.stringify(told));';
    const run = await launch(source, { args: ['--limit', '5', 'a b'] });
    expect(await run.closed).toEqual({ code: 0, signal: null });
    const [version, ...told] = run.said().trim().split(' ');
    expect(Number.parseInt(version ?? '', 10)).toBeGreaterThanOrEqual(26);
    expect(JSON.parse(told.join(' '))).toEqual(['--limit', '5', 'a b']);
  });

  test.each([
    ['UV_THREADPOOL_SIZE', '16', '7'],
    ['MALLOC_ARENA_MAX', String(Math.max(2, cpus().length)), '7'],
    ['NODE_COMPILE_CACHE', join(root, 'node_modules', '.cache', 'compiled'), join(tmpdir(), 'data-forge-compiled')],
  ])('sets %s, or leaves it as the user wants it', async (name, expected, other) => {
    const source = `console.log(process.env.${name});`;
    const usual = await launch(source, { env: { [name]: '' } });
    await usual.closed;
    expect(usual.said().trim()).toBe(expected);
    const chosen = await launch(source, { env: { [name]: other } });
    await chosen.closed;
    expect(chosen.said().trim()).toBe(other);
  });

  test('ends with the exit code of the script', async () => {
    const run = await launch('process.exit(42);');
    expect(await run.closed).toEqual({ code: 42, signal: null });
  });

  test.skipIf(process.platform === 'win32')('ends with 128 + n when the script is ended by signal n', async () => {
    const run = await launch("process.kill(process.pid, 'SIGKILL'); setTimeout(() => {}, 60_000);");
    expect(await run.closed).toEqual({ code: 128 + constants.signals.SIGKILL, signal: null });
  });

  test.skipIf(process.platform === 'win32').for(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'passes %s on once and waits for the script to finish',
    async (signal) => {
      const run = await launch(`
        let count = 0;
        process.on('${signal}', () => {
          count += 1;
          if (count === 1) setTimeout(() => { console.log('told ' + count); process.exit(3); }, 200);
        });
        setTimeout(() => {}, 60_000);
        console.log('ready');
      `);
      await expect.poll(run.said).toContain('ready');
      run.child.kill(signal);
      expect(await run.closed).toEqual({ code: 3, signal: null });
      expect(run.said()).toContain('told 1');
    },
  );

  test.skipIf(process.platform === 'win32')('stops the script when the npm it was started by is gone', async () => {
    const script = join(folder, 'orphan.ts');
    await writeFile(
      script,
      `process.on('SIGTERM', () => { console.log('told to stop'); process.exit(); });
       setTimeout(() => {}, 60_000);
       console.log('ready');`,
    );
    // As npm does it: a shell between, which does not pass a signal on.
    const command = `"${process.execPath}" "${launcher}" "${script}"; exit $?`;
    const shell = spawn('sh', ['-c', command], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, npm_lifecycle_event: 'start' },
    });
    let output = '';
    shell.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    await expect.poll(() => output).toContain('ready');
    shell.kill('SIGTERM');
    await closed(shell);
    expect(output).toContain('told to stop');
  });
});

describe('what is installed', () => {
  const stateOf = async (lock: object | undefined, installed: object | undefined, env: NodeJS.ProcessEnv = {}) => {
    const project = await mkdtemp(join(folder, 'project-'));
    if (lock) await writeFile(join(project, 'package-lock.json'), JSON.stringify({ packages: lock }));
    if (installed) {
      await mkdir(join(project, 'node_modules'));
      await writeFile(join(project, 'node_modules', '.package-lock.json'), JSON.stringify({ packages: installed }));
    }
    const module = pathToFileURL(join(root, 'bin', 'launcher.mjs')).href;
    const source = `import { dependenciesAreInstalled } from ${JSON.stringify(module)};
      console.log(dependenciesAreInstalled(${JSON.stringify(project)}));`;
    const run = await launch(source, { env });
    await run.closed;
    return run.said().trim();
  };
  const one = { 'node_modules/one': { version: '1.0.0', integrity: 'sha512-1' } };

  test('is complete when it matches the lock file, and needs no lock file', async () => {
    expect(await stateOf({ '': {}, ...one }, one)).toBe('true');
    expect(await stateOf(undefined, undefined)).toBe('true');
  });

  test('is out of date without node_modules, with another version, and with a package missing', async () => {
    expect(await stateOf(one, undefined)).toBe('false');
    expect(await stateOf(one, { 'node_modules/one': { version: '0.9.0', integrity: 'sha512-0' } })).toBe('false');
    expect(await stateOf({ ...one, 'node_modules/two': { version: '2.0.0' } }, one)).toBe('false');
  });

  test('may lack packages of other platforms, and in production those of development', async () => {
    expect(await stateOf({ ...one, 'node_modules/two': { version: '2.0.0', optional: true } }, one)).toBe('true');
    const lock = { ...one, 'node_modules/two': { version: '2.0.0', dev: true } };
    expect(await stateOf(lock, one, { NODE_ENV: 'production' })).toBe('true');
    expect(await stateOf(lock, one, { NODE_ENV: '' })).toBe('false');
  });

  test('is installed by `npm ci` on first use, with one calm line', async () => {
    const project = join(folder, 'fresh clone');
    await mkdir(project);
    await cp(join(root, 'bin'), join(project, 'bin'), { recursive: true });
    const manifest = { name: 'fresh', version: '1.0.0', type: 'module', dependencies: { one: 'file:one' } };
    const packages = {
      '': manifest,
      one: { version: '1.0.0' },
      'node_modules/one': { resolved: 'one', link: true },
    };
    const lock = { name: 'fresh', version: '1.0.0', lockfileVersion: 3, requires: true, packages };
    await mkdir(join(project, 'one'));
    await writeFile(join(project, 'one', 'package.json'), JSON.stringify({ name: 'one', version: '1.0.0' }));
    await writeFile(join(project, 'package.json'), JSON.stringify(manifest));
    await writeFile(join(project, 'package-lock.json'), JSON.stringify(lock));
    await writeFile(join(project, 'main.ts'), "console.log('started');");
    const child = spawn(process.execPath, [join(project, 'bin', 'launch.mjs'), 'main.ts']);
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    expect(await closed(child)).toEqual({ code: 0, signal: null });
    expect(output.trim().split('\n')).toEqual(['Installing dependencies, this takes a minute …', 'started']);
    const left = await readFile(join(project, 'node_modules', '.package-lock.json'), 'utf8');
    expect(JSON.parse(left)).toMatchObject({ name: 'fresh' });
  });
});
