import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServerProcess } from './server-process.ts';

const FILES: Readonly<Record<string, object>> = {
  items: {
    name: 'items',
    properties: [
      { name: 'n', type: 'integer' },
      { name: 'text', type: 'string' },
    ],
  },
  keyed: {
    name: 'keyed',
    primary_key: ['k'],
    properties: [
      { name: 'k', type: 'string' },
      { name: 'n', type: 'integer' },
    ],
  },
};

export interface Answered {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly json: any;
}

/** A folder with datasets and a store, and the real server on it. */
export class FaultWorld {
  readonly folder: string;
  readonly dataDir: string;
  readonly #env: Readonly<Record<string, string>>;
  server!: ServerProcess;

  private constructor(folder: string, dataDir: string, env: Readonly<Record<string, string>>) {
    this.folder = folder;
    this.dataDir = dataDir;
    this.#env = env;
  }

  static async make(
    env: Readonly<Record<string, string>> = {},
    place: (folder: string) => Promise<string> | string = (folder) => join(folder, 'data'),
  ): Promise<FaultWorld> {
    const folder = await mkdtemp(join(tmpdir(), 'data-forge-faults-'));
    await mkdir(join(folder, 'datasets'));
    for (const [name, file] of Object.entries(FILES)) {
      await writeFile(join(folder, 'datasets', `${name}.json`), JSON.stringify(file));
    }
    return new FaultWorld(folder, await place(folder), { ENGINE_THREADS: '2', UV_THREADPOOL_SIZE: '16', ...env });
  }

  async start(): Promise<void> {
    this.server = await ServerProcess.start(this.dataDir, join(this.folder, 'datasets'), this.#env);
  }

  /** Ends the server and begins it again on the same store. */
  async restart(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.server.kill(signal);
    await this.start();
  }

  async dispose(): Promise<void> {
    await this.server?.kill('SIGKILL');
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  url(path: string): string {
    return path.startsWith('//') ? this.server.url + path.slice(1) : `${this.server.url}/api/v1${path}`;
  }

  async call(method: string, path: string, json?: unknown, headers: Record<string, string> = {}): Promise<Answered> {
    const response = await fetch(this.url(path), {
      method,
      headers: { ...(json === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    });
    const text = await response.text();
    return { status: response.status, json: text.startsWith('{') ? JSON.parse(text) : text };
  }

  create(schema: string, data: object): Promise<Answered> {
    return this.call('POST', '/records', { schema_name: schema, data });
  }

  async count(schema: string): Promise<number> {
    const { status, json } = await this.call('GET', `/records/${schema}/count`);
    if (status !== 200) throw new Error(`no count: ${status} ${JSON.stringify(json)}`);
    return json.count;
  }

  /** Uploads a body that is made while it is sent. */
  async upload(
    schema: string,
    body: string | Uint8Array | AsyncIterable<Uint8Array>,
    query = '',
    init: { readonly signal?: AbortSignal; readonly type?: string } = {},
  ): Promise<Answered> {
    const isStream = typeof body !== 'string' && !(body instanceof Uint8Array);
    const response = await fetch(this.url(`/records/${schema}/bulk${query}`), {
      method: 'POST',
      headers: { 'content-type': init.type ?? 'application/x-ndjson' },
      body: (isStream ? ReadableStream.from(body) : body) as NonNullable<RequestInit['body']>,
      ...(isStream ? { duplex: 'half' as const } : {}),
      ...(init.signal === undefined ? {} : { signal: init.signal }),
    });
    return { status: response.status, json: JSON.parse(await response.text()) };
  }

  /** The value of a metric without labels. */
  async metric(name: string): Promise<number> {
    const text = String((await this.call('GET', '//metrics')).json);
    const line = text.split('\n').find((candidate) => new RegExp(`^\\S*${name} `).test(candidate));
    if (line === undefined) throw new Error(`there is no metric ${name}`);
    return Number(line.split(' ').at(-1));
  }

  /** What lies in the spool folder. */
  spooled(): Promise<string[]> {
    return readdir(join(this.dataDir, 'spool'));
  }

  /** Whether it stores, reads and answers as if nothing had been. */
  async isWell(): Promise<boolean> {
    const before = await this.count('items');
    const { status, json } = await this.create('items', { n: 1, text: 'well' });
    if (status !== 201) throw new Error(`not well: ${status} ${JSON.stringify(json)}`);
    const read = await this.call('GET', `/records/items/${json.record.id}`);
    return read.status === 200 && (await this.count('items')) === before + 1;
  }
}

/** Lines of NDJSON, many to a chunk. */
export async function* lines(
  rows: number,
  line: (at: number) => string,
  pause: () => Promise<unknown> | undefined = () => undefined,
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < rows; at += 2000) {
    const count = Math.min(2000, rows - at);
    yield new TextEncoder().encode(Array.from({ length: count }, (_, index) => `${line(at + index)}\n`).join(''));
    await pause();
  }
}
