import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import type { DataForgeError } from '#domain/errors.ts';
import { abortError, throwIfAborted } from '../shared/abort.ts';
import { AS_TEXT, PostgresConnection } from './postgres-connection.ts';
import { translatePostgresError } from './postgres-errors.ts';
import { quotedName } from './postgres-names.ts';

export interface PoolOptions {
  readonly url: string;
  readonly schema: string;
  readonly most: number;
  /** The longest that one statement may take; 0 for no limit. */
  readonly statementTimeoutMs: number;
  /** Ends what runs on the connection of a process of the server. */
  readonly cancel: (processId: number) => Promise<void>;
}

/** How long to wait for a connection before the store is said to be busy. */
const WAIT_MS = 15_000;

/** How long to wait for the server to end a query before its connection is cut. */
const CANCEL_MS = 3000;
/** The server forgets a cancellation that finds no query at work, as between two of one transaction. */
const CANCEL_AGAIN_MS = 500;

/** Settings of every session, by which values read the same whatever the server and its databases are set to. */
export function sessionSettings(schema: string): string[] {
  return [
    `SET search_path TO ${quotedName(schema)}`,
    "SET datestyle TO 'ISO, YMD'",
    "SET timezone TO 'UTC'",
    'SET extra_float_digits TO 1',
    'SET standard_conforming_strings TO on',
    'SET client_min_messages TO warning',
    'SET synchronous_commit TO on',
    'SET synchronize_seqscans TO off',
    "SET idle_in_transaction_session_timeout TO '60s'",
  ];
}

export function clientConfig(url: string): pg.ClientConfig {
  return {
    connectionString: url,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    application_name: 'data-forge',
    types: AS_TEXT,
  };
}

/** So many connections at most; who asks for more waits in line. */
export class PostgresPool {
  readonly #pool: pg.Pool;
  readonly #cancel: (processId: number) => Promise<void>;

  constructor({ url, schema, most, statementTimeoutMs, cancel }: PoolOptions) {
    this.#cancel = cancel;
    this.#pool = new pg.Pool({
      ...clientConfig(url),
      max: most,
      connectionTimeoutMillis: WAIT_MS,
      idleTimeoutMillis: 60_000,
    });
    // A connection that is lost while nobody has it is forgotten by the pool; who asks next gets another.
    this.#pool.on('error', () => {});
    this.#pool.on('connect', (client) => {
      client.on('error', () => {});
      const settings = [...sessionSettings(schema), `SET statement_timeout TO ${statementTimeoutMs}`];
      // Comes before all that is asked of it; without these settings nothing may be.
      client.query(settings.join('; ')).catch(() => client.end());
    });
  }

  /**
   * Lends a connection for as long as `work` takes. Where the signal fires, what runs on it is ended in the server.
   * @throws DataForgeError `unavailable` where there is none to be had, `cancelled`
   */
  async use<T>(signal: AbortSignal | null, work: (connection: PostgresConnection) => Promise<T>): Promise<T> {
    const lent = await this.lend(signal);
    let failed = true;
    try {
      const result = await work(lent.connection);
      failed = false;
      return result;
    } catch (error) {
      throw lent.explain(error);
    } finally {
      await lent.release(failed);
    }
  }

  /** The same without an end: `release` has to be called. A connection on which something failed is not used again. */
  async lend(signal: AbortSignal | null): Promise<LentConnection> {
    const client = await this.#connect(signal);
    const { processID } = client as unknown as { readonly processID: number };
    let cancelling: Promise<void> | null = null;
    const released = new AbortController();
    const onAbort = () => {
      cancelling = this.#endUntil(released.signal, client, processID);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    return {
      connection: new PostgresConnection(client),
      explain: (error) => (signal?.aborted ? abortError(signal) : translatePostgresError(error)),
      release: async (failed) => {
        if (released.signal.aborted) return;
        released.abort();
        signal?.removeEventListener('abort', onAbort);
        await cancelling;
        client.release(failed || cancelling !== null);
      },
    };
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  /** Ends what runs on a connection, and what is yet begun on it, until it is released. */
  async #endUntil(released: AbortSignal, client: pg.PoolClient, processId: number): Promise<void> {
    while (!released.aborted) {
      await this.#end(client, processId);
      await wait(CANCEL_AGAIN_MS, null, { signal: released, ref: false }).catch(() => {});
    }
  }

  /** Ends what runs on a connection; where the server cannot be asked to, the connection itself. */
  async #end(client: pg.PoolClient, processId: number): Promise<void> {
    const tooLate = new AbortController();
    const late = wait(CANCEL_MS, null, { signal: tooLate.signal, ref: false }).then(() => {
      throw new Error('the server did not end the query in time');
    });
    try {
      await Promise.race([this.#cancel(processId), late]);
    } catch {
      await (client as pg.PoolClient & pg.Client).end().catch(() => {});
    } finally {
      tooLate.abort();
      late.catch(() => {});
    }
  }

  /** Who goes away while waiting gives the place back when it comes. */
  async #connect(signal: AbortSignal | null): Promise<pg.PoolClient> {
    if (signal === null) return this.#pool.connect().catch(throwTranslated);
    throwIfAborted(signal);
    const connecting = this.#pool.connect();
    const aborted = Promise.withResolvers<never>();
    const onAbort = () => aborted.reject(abortError(signal));
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const client = await Promise.race([connecting, aborted.promise]);
      throwIfAborted(signal);
      return client;
    } catch (error) {
      connecting.then((client) => client.release()).catch(() => {});
      throw translatePostgresError(error);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }
}

export interface LentConnection {
  readonly connection: PostgresConnection;
  /** What an error means that came while it was lent. */
  readonly explain: (error: unknown) => DataForgeError;
  readonly release: (failed: boolean) => Promise<void>;
}

function throwTranslated(error: unknown): never {
  throw translatePostgresError(error);
}
