import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DataForgeError } from '#domain/errors.ts';
import { configurationPage, envExample, settingsHelp } from './config/config-docs.ts';
import { parseFlags } from './config/flags.ts';
import { flagName, SETTING_ENTRIES } from './config/settings.ts';
import { type ConfigSources, EXAMPLES_DIR, isLoopback, loadConfig } from './config.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'data-forge-config-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function load(env: NodeJS.ProcessEnv, more: ConfigSources = {}) {
  return loadConfig({ env, folder, ...more });
}

function faultsOf(action: () => unknown): string[] {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(DataForgeError);
    expect((error as DataForgeError).code).toBe('invalid_configuration');
    return (error as DataForgeError).faults.map(({ message }) => message);
  }
  return [];
}

test('without any setting everything has its value', () => {
  const config = load({});
  expect(config).toMatchObject({
    host: '127.0.0.1',
    port: 8080,
    protocols: ['rest', 'graphql', 'websocket', 'flight'],
    flightPort: 8815,
    flightTlsCert: '',
    flightTlsKey: '',
    dataDir: join(folder, 'data'),
    datasetsDir: join(EXAMPLES_DIR, 'datasets'),
    servesExamples: true,
    pipelinesDir: join(EXAMPLES_DIR, 'pipelines'),
    servesExamplePipelines: true,
    dbEngine: 'duckdb',
    maxBodyBytes: 32_000_000,
    historyRetention: null,
    apiTokens: [],
    trustProxy: false,
  });
  expect(Object.values(config)).not.toContain(undefined);
  expect(config.engineMemory).toBeGreaterThan(1e8);
  expect(config.engineThreads).toBeGreaterThanOrEqual(1);
  expect(Object.isFrozen(config) && Object.isFrozen(config.apiTokens)).toBe(true);
});

test('a folder of datasets is served without being named, but not in the folder of the package', () => {
  const own = join(folder, 'datasets');
  expect(load({})).toMatchObject({ servesExamples: true, ownDatasetsDir: own });
  mkdirSync(own);
  expect(load({})).toMatchObject({ servesExamples: false, datasetsDir: own });
  expect(load({ DATASETS_DIR: 'sets' })).toMatchObject({ servesExamples: false, datasetsDir: join(folder, 'sets') });
  const inPackage = loadConfig({ env: {}, folder: dirname(EXAMPLES_DIR) });
  expect(inPackage).toMatchObject({ servesExamples: true, ownDatasetsDir: null });
});

test('a flag wins over the environment, that over .env, and an empty value counts as none', () => {
  writeFileSync(join(folder, '.env'), 'PORT=1\nHOST=localhost\nDATA_DIR="from file"\nLOG_LEVEL=debug\n');
  const config = load({ PORT: '2', HOST: '127.0.0.2', LOG_LEVEL: '' }, { flags: { PORT: '3' } });
  expect(config).toMatchObject({
    port: 3,
    host: '127.0.0.2',
    dataDir: resolve(folder, 'from file'),
    logLevel: 'debug',
  });
});

test('values are read into their final form', () => {
  const config = load({
    DATASETS_DIR: 'sets',
    ENGINE_MEMORY: '1.5GiB',
    ENGINE_THREADS: '3',
    HISTORY_RETENTION: '30d',
    CORS_ORIGINS: 'https://a.example, http://b.example:3000',
    ALLOWED_HOSTS: 'a.example,[::1]',
    TRUST_PROXY: 'yes',
    API_TOKENS: 'lab:12345678:read, ops:a:b:c:d:e:f:admin',
  });
  expect(config).toMatchObject({
    datasetsDir: join(folder, 'sets'),
    servesExamples: false,
    pipelinesDir: null,
    servesExamplePipelines: false,
    engineMemory: 1.5 * 2 ** 30,
    engineThreads: 3,
    historyRetention: 30 * 864e5,
    corsOrigins: ['https://a.example', 'http://b.example:3000'],
    allowedHosts: ['a.example', '[::1]'],
    trustProxy: true,
    apiTokens: [
      { name: 'lab', secret: '12345678', right: 'read' },
      { name: 'ops', secret: 'a:b:c:d:e:f', right: 'admin' },
    ],
  });
});

test('every fault is told at once, one sentence each', () => {
  const faults = faultsOf(() =>
    load({
      PORT: '80000',
      LOG_LEVEL: 'inof',
      ENGINE_MEMORY: 'lots',
      HISTORY_RETENTION: '3',
      CORS_ORIGINS: 'a.example/',
      TRUST_PROXY: 'maybe',
    }),
  );
  expect(faults).toEqual(
    [
      'ENGINE_MEMORY must be a size like 512MB or 2GiB, not "lots".',
      'HISTORY_RETENTION must be all, or a span like 12h or 30d, not "3".',
      'CORS_ORIGINS must be a list of origins like https://app.example with commas; "a.example/" is none.',
      'TRUST_PROXY must be true or false, not "maybe".',
      'LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent, not "inof" (did you mean "info"?).',
      'PORT must be a whole number from 0 to 65535, not "80000".',
    ].sort((a, b) => order(a) - order(b)),
  );
});

function order(message: string): number {
  return SETTING_ENTRIES.findIndex(([, { name }]) => message.startsWith(name));
}

test('postgres needs the address of its database', () => {
  expect(faultsOf(() => load({ DB_ENGINE: 'postgres' }))[0]).toContain('needs DATABASE_URL');
  const DATABASE_URL = 'postgres://forge:secret@localhost/forge';
  expect(load({ DB_ENGINE: 'postgres', DATABASE_URL })).toMatchObject({ databaseUrl: DATABASE_URL });
});

test('a queue in redis needs its address', () => {
  expect(faultsOf(() => load({ TASK_QUEUE: 'redis' }))[0]).toContain('needs REDIS_URL');
  expect(load({ TASK_QUEUE: 'redis', REDIS_URL: 'redis://localhost' })).toMatchObject({ taskQueue: 'redis' });
  expect(load({})).toMatchObject({ taskQueue: 'local' });
});

describe('safety', () => {
  test('another address than this machine needs tokens', () => {
    expect(faultsOf(() => load({ HOST: '0.0.0.0' }))[0]).toContain('API_TOKENS must be set');
    expect(load({ HOST: '0.0.0.0', API_TOKENS: 'a:12345678:read' }).host).toBe('0.0.0.0');
  });

  test.each([
    ['127.0.0.1', true],
    ['127.1.2.3', true],
    ['::1', true],
    ['[::1]', true],
    ['localhost', true],
    ['0.0.0.0', false],
    ['::', false],
    ['127.example.org', false],
    ['192.168.0.1', false],
  ])('%s is loopback: %s', (host, verdict) => {
    expect(isLoopback(host)).toBe(verdict);
  });

  test.each([
    ['lab:verysecret', 'token 1 is not'],
    ['lab:verysecret:root', 'token "lab" does not'],
    ['lab:short:read', 'that of "lab" is shorter'],
    ['a:verysecret:read,a:verysecret2:read', '"a" is there twice'],
    ['a:verysecret:read,b:verysecret:read', 'that of "b" is there twice'],
  ])('the tokens %s are refused and not repeated', (API_TOKENS, reason) => {
    const [fault] = faultsOf(() => load({ API_TOKENS }));
    expect(fault).toContain(reason);
    expect(fault).not.toContain('verysecret');
  });
});

describe('flags', () => {
  test('have a value, or are a switch', () => {
    expect(parseFlags(['--port', '9', '--host=a=b', '--trust-proxy', '--no-trust-proxy', '-h'])).toEqual({
      flags: { PORT: '9', HOST: 'a=b', TRUST_PROXY: 'false' },
      help: true,
      version: false,
    });
  });

  test('what is wrong is told at once', () => {
    expect(faultsOf(() => parseFlags(['--prot', '9', '--data-dir', '--no-port', 'x']))).toEqual([
      'There is no flag --prot (did you mean "--port"?); --help lists them.',
      '--data-dir needs a value: path, from the current folder.',
      'There is no flag --no-port (did you mean "--port"?); --help lists them.',
    ]);
    expect(faultsOf(() => parseFlags(['x']))).toEqual(['There is no flag x; --help lists them.']);
  });
});

describe('docs', () => {
  const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8').replaceAll('\r\n', '\n');

  test('are made of the table (node scripts/write-reference.ts)', () => {
    expect(read('docs/reference/configuration.md')).toBe(configurationPage());
    expect(read('.env.example')).toBe(envExample());
  });

  test('name every setting', () => {
    for (const [, setting] of SETTING_ENTRIES) {
      expect(settingsHelp()).toContain(`${flagName(setting)} `);
      expect(setting.description).toMatch(/^[A-Za-z].*\.$/);
    }
  });

  test('every name stands once', () => {
    expect(new Set(SETTING_ENTRIES.map(([, { name }]) => name)).size).toBe(SETTING_ENTRIES.length);
  });
});
