import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { STORAGE_ENGINES } from '#adapters/storage/registry.ts';
import { loadConfig } from '#config';
import { type App, createApp } from '../../../../src/app.ts';
import { createTestDatabase, describeLeftOut, POSTGRES_MISSING } from '../../../support/postgres-database.ts';
import { DATASET_FILES } from './datasets.ts';

export type EngineName = keyof typeof STORAGE_ENGINES;
/** The engines every test of this folder runs on. */
export const ENGINES: readonly EngineName[] = (Object.keys(STORAGE_ENGINES) as EngineName[]).filter(
  (name) => name !== 'postgres' || POSTGRES_MISSING === null,
);
describeLeftOut();

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; numbers as JavaScript has them. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly json: any;
}

export interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  readonly body?: RequestInit['body'];
  readonly signal?: AbortSignal;
}

/** The real server on a free port, with datasets in files of its own. */
export class TestServer {
  readonly folder: string;
  readonly app: App;
  readonly url: string;
  readonly #dispose: () => Promise<void>;

  constructor(folder: string, app: App, url: string, dispose: () => Promise<void>) {
    this.folder = folder;
    this.app = app;
    this.url = url;
    this.#dispose = dispose;
  }

  /** Calls `/api/v1` + path, or the path itself where it begins with two slashes. */
  async call(method: string, path: string, { headers, json, body, signal }: CallOptions = {}): Promise<Answer> {
    const response = await this.fetch(method, path, {
      headers: { ...(json === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(json === undefined ? (body === undefined ? {} : { body }) : { body: JSON.stringify(json) }),
      ...(signal === undefined ? {} : { signal }),
    });
    const text = await response.text();
    const isJson =
      /json/.test(response.headers.get('content-type') ?? '') &&
      !/ndjson/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: isJson && text !== '' ? JSON.parse(text) : null,
    };
  }

  fetch(method: string, path: string, init: RequestInit & { duplex?: 'half' } = {}): Promise<Response> {
    return fetch(this.urlOf(path), { method, ...init });
  }

  urlOf(path: string): string {
    return path.startsWith('//') ? this.url + path.slice(1) : `${this.url}/api/v1${path}`;
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.call('GET', path, { headers });
  }

  post(path: string, json: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.call('POST', path, { json, headers });
  }

  /** Creates a record and gives it back. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into records of every shape
  async create(schema: string, data: Readonly<Record<string, unknown>>): Promise<any> {
    const answer = await this.post('/records', { schema_name: schema, data });
    if (answer.status !== 201) throw new Error(`not created: ${answer.text}`);
    return answer.json.record;
  }

  /** Deletes every record of a dataset. */
  async clear(schema: string): Promise<void> {
    await this.call('DELETE', `/records/${encodeURIComponent(schema)}?all=true`);
  }

  async close(): Promise<void> {
    await this.app.close(2000);
    await this.#dispose();
    await rm(this.folder, { recursive: true, force: true });
  }
}

export interface TestServerOptions {
  /** Settings by name. */
  readonly env?: Readonly<Record<string, string>>;
  /** Dataset files by name, instead of the usual ones. */
  readonly files?: Readonly<Record<string, string>>;
  /** Takes what the server logs, a JSON text a line. */
  readonly log?: (line: string) => void;
}

export async function startServer(
  engine: EngineName,
  { env = {}, files = DATASET_FILES, log }: TestServerOptions = {},
): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), 'data-forge-e2e-'));
  const datasets = join(folder, 'datasets');
  await mkdir(datasets);
  for (const [name, text] of Object.entries(files)) await writeFile(join(datasets, name), text);
  const database = engine === 'postgres' ? await createTestDatabase() : { url: '', dispose: async () => {} };
  const config = loadConfig({
    folder,
    env: {
      PORT: '0',
      FLIGHT_PORT: '0',
      DATA_DIR: 'data',
      DATASETS_DIR: 'datasets',
      DB_ENGINE: engine,
      DATABASE_URL: database.url,
      ENGINE_MEMORY: '512MB',
      LOG_LEVEL: 'silent',
      ...env,
    },
  });
  const app = await createApp(config, { logger: pino({ level: config.logLevel }, log && { write: log }) });
  return new TestServer(folder, app, await app.listen(), database.dispose);
}
