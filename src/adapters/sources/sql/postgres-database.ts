import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { SourceOpening } from '#application/ports/source.ts';
import { DataForgeError } from '#domain/errors.ts';
import { reachHost } from '../shared/reach-host.ts';
import { readAuthority } from '../shared/read-authority.ts';
import { lookIntoPostgres } from './postgres-columns.ts';
import { postgresError } from './postgres-errors.ts';
import type { SourceRelation, SqlDatabase } from './sql-database.ts';
import type { SqlOptions } from './sql-options.ts';

/** How long the server may take to end a SELECT before its connection is cut. */
const CANCEL_MS = 3000;
const CONNECT_MS = 10_000;

/** By these values read the same whatever the server and its databases are set to. */
const SETTINGS = [
  'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY',
  "SET LOCAL client_encoding TO 'UTF8'",
  "SET LOCAL datestyle TO 'ISO, YMD'",
  "SET LOCAL intervalstyle TO 'iso_8601'",
  "SET LOCAL timezone TO 'UTC'",
  'SET LOCAL extra_float_digits TO 1',
  'SET LOCAL standard_conforming_strings TO on',
];

/**
 * Connects to a server of PostgreSQL, to read one snapshot of it.
 * @throws DataForgeError `source_failed`, `invalid_configuration`
 */
export async function openPostgres(url: string, options: SqlOptions, opening: SourceOpening): Promise<SqlDatabase> {
  const config = await connectionOf(url, options, opening);
  opening.signal.throwIfAborted();
  const client = new pg.Client(config);
  // What is lost while nothing is asked is told to whoever asks next.
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query([...SETTINGS, `SET LOCAL statement_timeout TO ${options.timeout}`].join('; '));
  } catch (error) {
    await client.end().catch(() => {});
    throw postgresError(error, opening.signal);
  }
  return new PostgresDatabase(client, config, opening.signal);
}

class PostgresDatabase implements SqlDatabase {
  readonly #client: pg.Client;
  readonly #config: pg.ClientConfig;
  readonly #signal: AbortSignal;
  #isBusy = false;
  #ending: Promise<void> | null = null;
  readonly #onAbort = () => {
    this.#ending ??= this.#isBusy ? this.#cancel() : null;
  };

  constructor(client: pg.Client, config: pg.ClientConfig, signal: AbortSignal) {
    this.#client = client;
    this.#config = config;
    this.#signal = signal;
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  async look(from: string, isTable: boolean): Promise<SourceRelation> {
    return this.#guarded(() => lookIntoPostgres(this.#client, from, isTable));
  }

  async *read(select: string): AsyncGenerator<Uint8Array> {
    this.#signal.throwIfAborted();
    this.#isBusy = true;
    const rows = this.#client.query(copyTo(`COPY (${select}) TO STDOUT WITH (FORMAT csv, HEADER true)`));
    try {
      for await (const chunk of rows as AsyncIterable<Buffer>) {
        this.#signal.throwIfAborted();
        yield chunk;
      }
      this.#isBusy = false;
    } catch (error) {
      throw postgresError(error, this.#signal);
    }
  }

  async close(): Promise<void> {
    this.#signal.removeEventListener('abort', this.#onAbort);
    if (this.#isBusy) await (this.#ending ?? this.#cancel());
    // A connection in the middle of its rows does not hear a farewell.
    if (this.#isBusy) insideOf(this.#client).connection.stream.destroy();
    else await this.#client.end().catch(() => {});
  }

  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    this.#signal.throwIfAborted();
    this.#isBusy = true;
    try {
      const result = await work();
      this.#isBusy = false;
      return result;
    } catch (error) {
      throw postgresError(error, this.#signal);
    }
  }

  /** Ends what runs on the connection, by another. */
  async #cancel(): Promise<void> {
    const { processID } = insideOf(this.#client);
    if (processID === null) return;
    const other = new pg.Client(this.#config);
    other.on('error', () => {});
    const late = new AbortController();
    const cancelled = other.connect().then(() => other.query('SELECT pg_cancel_backend($1)', [processID]));
    await Promise.race([cancelled, sleep(CANCEL_MS, undefined, { signal: late.signal })]).catch(() => {});
    late.abort();
    await other.end().catch(() => {});
  }
}

/** What a client has and its types do not tell. */
function insideOf(client: pg.Client) {
  return client as unknown as {
    readonly processID: number | null;
    readonly connection: { readonly stream: Socket };
  };
}

async function connectionOf(url: string, options: SqlOptions, opening: SourceOpening): Promise<pg.ClientConfig> {
  const { hostname, port, username, password, pathname, searchParams } = parseUrl(url);
  if (password !== '' && typeof options.url === 'string') {
    const message = 'The url of the source holds a password; name it instead, as password: {secret: NAME}.';
    throw new DataForgeError('invalid_configuration', message);
  }
  const { host, serverName } = await reachHost(hostname || 'localhost', opening);
  const ca = await readAuthority(options.ca, opening);
  const mode = searchParams.get('sslmode') ?? (ca === null ? 'disable' : 'verify-full');
  const checked = { ...(ca && { ca }), ...(serverName !== null && { servername: serverName }) };
  const secret =
    options.password === null ? decodeURIComponent(password) : opening.secrets.get(options.password.secret);
  return {
    host,
    port: Number(port || 5432),
    user: decodeURIComponent(username),
    password: secret,
    database: decodeURIComponent(pathname.slice(1)) || decodeURIComponent(username),
    ssl: mode === 'disable' ? false : { ...checked, rejectUnauthorized: mode.startsWith('verify') },
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    application_name: 'data-forge pipeline',
  };
}

function parseUrl(url: string): URL {
  if (URL.canParse(url)) return new URL(url);
  throw new DataForgeError(
    'invalid_configuration',
    'The url of the source is none; write postgres://USER@HOST/DATABASE.',
  );
}
