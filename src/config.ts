import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { DataForgeError, type Fault } from '#domain/errors.ts';
import { BadSetting } from './config/kinds.ts';
import { readSecrets, type SecretStore } from './config/secret-store.ts';
import { SETTING_ENTRIES, type SETTINGS, type Setting, type SettingKey } from './config/settings.ts';

export type { ApiToken } from './config/tokens.ts';

type SettingValues = {
  readonly [K in SettingKey]: (typeof SETTINGS)[K] extends Setting<infer T> ? T : never;
};

/** The complete configuration, every value in its final form: paths absolute, sizes in bytes, times in milliseconds. */
export interface Config extends SettingValues {
  /** No folder of datasets was named and the current one has none, so the example instance is served and filled. */
  readonly servesExamples: boolean;
  /** No folder of pipelines was named either, so those of the example instance run. */
  readonly servesExamplePipelines: boolean;
  /** The folder of datasets that is served without being named, once it is there; null in the folder of this package. */
  readonly ownDatasetsDir: string | null;
  /** What pipelines name as secrets. */
  readonly secrets: SecretStore;
}

export interface ConfigSources {
  /** Values of flags by the name of the setting (`PORT`); they win over the environment. */
  readonly flags?: Readonly<Record<string, string>>;
  readonly env?: NodeJS.ProcessEnv;
  /** Where relative paths begin and where `.env` is looked for. */
  readonly folder?: string;
}

/** The example instance of this package. */
export const EXAMPLES_DIR = fileURLToPath(new URL('../examples', import.meta.url));

/**
 * Flags, then the environment, then `.env`, then the defaults; an empty value counts as not set.
 * @throws DataForgeError `invalid_configuration` with one fault a setting
 */
export function loadConfig({ flags = {}, env = process.env, folder = process.cwd() }: ConfigSources = {}): Config {
  const faults: Fault[] = [];
  const file = readEnvFile(folder, faults);
  const given = (name: string) =>
    [flags[name], env[name], file[name]].find((value) => value !== undefined && value !== '');
  const values: Record<string, unknown> = {};
  for (const [key, setting] of SETTING_ENTRIES) {
    try {
      values[key] = deepFreeze(setting.kind.read((given(setting.name) ?? setting.default).trim(), folder));
    } catch (error) {
      if (!(error instanceof BadSetting)) throw error;
      faults.push({ pointer: `/${setting.name}`, message: `${setting.name} ${error.message}.` });
    }
  }
  const ownDatasetsDir = resolve(folder) === dirname(EXAMPLES_DIR) ? null : join(resolve(folder), 'datasets');
  const isNamed = given('DATASETS_DIR') !== undefined;
  const servesExamples = !isNamed && (ownDatasetsDir === null || !existsSync(ownDatasetsDir));
  if (!isNamed) values.datasetsDir = servesExamples ? join(EXAMPLES_DIR, 'datasets') : ownDatasetsDir;
  const servesExamplePipelines = servesExamples && given('PIPELINES_DIR') === undefined;
  if (servesExamplePipelines) values.pipelinesDir = join(EXAMPLES_DIR, 'pipelines');
  const secrets = readSecrets({ ...file, ...env }, values.secretsFile as string | null, faults);
  const config = Object.freeze({
    ...values,
    servesExamples,
    servesExamplePipelines,
    ownDatasetsDir,
    secrets,
  }) as Config;
  checkTogether(config, faults);
  if (faults.length > 0) throw invalidConfiguration(faults);
  return config;
}

function readEnvFile(folder: string, faults: Fault[]): Readonly<Record<string, string | undefined>> {
  const path = join(folder, '.env');
  if (!existsSync(path)) return {};
  try {
    return parseEnv(readFileSync(path, 'utf8'));
  } catch {
    faults.push({ pointer: '', message: 'The file .env cannot be read; give this user the right to, or remove it.' });
    return {};
  }
}

/** What no setting can be asked alone. */
function checkTogether(config: Config, faults: Fault[]): void {
  const { host, apiTokens, defaultPageSize, maxPageSize, dbEngine, databaseUrl, taskQueue, redisUrl } = config;
  if (dbEngine === 'postgres' && databaseUrl === '') {
    const message = 'DB_ENGINE postgres needs DATABASE_URL, like postgres://user:password@localhost:5432/database.';
    faults.push({ pointer: '/DATABASE_URL', message });
  }
  if (taskQueue === 'redis' && redisUrl === '') {
    const message = 'TASK_QUEUE redis needs REDIS_URL, like redis://user:password@localhost:6379.';
    faults.push({ pointer: '/REDIS_URL', message });
  }
  if (host !== undefined && !isLoopback(host) && apiTokens?.length === 0) {
    const message = `HOST ${host} can be reached from other machines, so API_TOKENS must be set, or HOST be 127.0.0.1.`;
    faults.push({ pointer: '/HOST', message });
  }
  const pairs = [
    { name: 'TLS_CERT', other: 'TLS_KEY', halves: [config.tlsCert, config.tlsKey] },
    { name: 'FLIGHT_TLS_CERT', other: 'FLIGHT_TLS_KEY', halves: [config.flightTlsCert, config.flightTlsKey] },
  ];
  for (const { name, other, halves } of pairs) {
    if (halves.filter((half) => half === '').length !== 1) continue;
    faults.push({ pointer: `/${name}`, message: `${name} and ${other} belong together; set both, or neither.` });
  }
  if (config.protocols !== undefined && !config.protocols.includes('rest')) {
    const message = 'PROTOCOLS must include rest: the command line and the health checks use it.';
    faults.push({ pointer: '/PROTOCOLS', message });
  }
  if (defaultPageSize > maxPageSize) {
    const message = `DEFAULT_PAGE_SIZE must be at most MAX_PAGE_SIZE, ${maxPageSize}, not ${defaultPageSize}.`;
    faults.push({ pointer: '/DEFAULT_PAGE_SIZE', message });
  }
}

/** Whether an address can be reached from this machine alone. */
export function isLoopback(host: string): boolean {
  const address = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  if (address === 'localhost' || address === '::1' || address === '0:0:0:0:0:0:0:1') return true;
  return isIP(address) === 4 && address.startsWith('127.');
}

function invalidConfiguration(faults: readonly Fault[]): DataForgeError {
  return new DataForgeError('invalid_configuration', faults.map(({ message }) => message).join(' '), { faults });
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) deepFreeze(item);
    Object.freeze(value);
  }
  return value;
}
