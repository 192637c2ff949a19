import pg from 'pg';
import type { SqlDescription, SqlFormat, SqlRequest, SqlRows, SqlRunner } from '#application/ports/sql-runner.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { SqlBatch } from '#domain/sql/sql-type.ts';
import { abortError } from '../shared/abort.ts';
import { renderSql } from '../shared/render-sql.ts';
import type { PostgresConnection } from './postgres-connection.ts';
import { translateSqlError } from './postgres-errors.ts';
import { clientConfig, type LentConnection, PostgresPool } from './postgres-pool.ts';
import { PostgresSqlQuery } from './postgres-sql-query.ts';
import { refuseOthers, refuseReaching } from './postgres-sql-rules.ts';
import { bindParameters, type ReadableSql, readSql } from './postgres-sql-text.ts';
import type { PostgresStore } from './postgres-store.ts';
import { viewsSchema } from './postgres-views.ts';

/** Connections that run people's SQL; they come besides the store's own. */
const SQL_CONNECTIONS = 4;
/** How long the first rows of a query wait for somebody to ask for them. */
const HELD_MS = 10_000;

/**
 * People's SQL on PostgreSQL: in a transaction that only reads, as a user who may read the views of the datasets and
 * nothing else of the store.
 */
export class PostgresSqlRunner implements SqlRunner {
  readonly #store: PostgresStore;
  readonly #pool: PostgresPool | null;

  constructor(store: PostgresStore, url: string) {
    this.#store = store;
    this.#pool = store.reader === null ? null : readersPool(store, url, store.reader);
  }

  async describe({ sql, datasets, signal }: Omit<SqlRequest, 'limit' | 'parameters'>): Promise<SqlDescription> {
    const readable = readSql(sql);
    const lent = await this.#lend(signal);
    try {
      await begin(lent.connection, readable, datasets);
      const { sql: query, isExplain } = readable;
      const nothing = isExplain ? query : `SELECT * FROM (${query}) AS described LIMIT 0`;
      const none = readable.placeholders.map(() => null);
      const { columns } = await PostgresSqlQuery.start(lent.connection, nothing, none, null);
      return { columns, parameters: readable.placeholders.map((name) => ({ name, type: null })) };
    } catch (error) {
      throw explained(error, signal);
    } finally {
      await lent.release(true);
    }
  }

  async run({ sql, parameters, datasets, limit, signal }: SqlRequest): Promise<SqlRows> {
    const readable = readSql(sql);
    const bound = bindParameters(readable, parameters);
    const lent = await this.#lend(signal);
    try {
      const query = await this.#store.gate.run(signal, async () => {
        await begin(lent.connection, readable, datasets);
        return PostgresSqlQuery.start(lent.connection, bound.sql, bound.values, limit);
      });
      return { columns: query.columns, batches: this.#batches(lent, query, signal) };
    } catch (error) {
      await lent.release(true);
      throw explained(error, signal);
    }
  }

  async render(request: SqlRequest, format: SqlFormat) {
    const rows = await this.run(request);
    return { columns: rows.columns, bytes: renderSql(rows, format, this.#store, request.signal) };
  }

  async close(): Promise<void> {
    await this.#pool?.close();
  }

  /** A query whose rows nobody comes for is ended. */
  #batches(lent: LentConnection, query: PostgresSqlQuery, signal: AbortSignal): AsyncIterable<SqlBatch> {
    const { gate } = this.#store;
    const forgotten = setTimeout(() => void lent.release(true).catch(() => {}), HELD_MS).unref();
    return (async function* () {
      clearTimeout(forgotten);
      let isWell = false;
      try {
        for (;;) {
          const batch = await gate.run(signal, () => query.next());
          if (batch === null) break;
          yield batch;
        }
        await query.close();
        await lent.connection.batch(['ROLLBACK']);
        isWell = true;
      } catch (error) {
        throw explained(error, signal);
      } finally {
        await lent.release(!isWell);
      }
    })();
  }

  #lend(signal: AbortSignal): Promise<LentConnection> {
    if (this.#pool !== null) return this.#pool.lend(signal);
    throw new DataForgeError(
      'unsupported_by_engine',
      'SQL needs a role of its own in the database; let the user of DATABASE_URL make roles (CREATEROLE) and start again.',
    );
  }
}

async function begin(
  connection: PostgresConnection,
  readable: ReadableSql,
  datasets: SqlRequest['datasets'],
): Promise<void> {
  await connection.batch(['BEGIN READ ONLY']);
  await refuseReaching(connection, readable);
  await refuseOthers(connection, readable, datasets);
}

function explained(error: unknown, signal: AbortSignal): DataForgeError {
  return signal.aborted ? abortError(signal) : translateSqlError(error);
}

function readersPool({ schema }: PostgresStore, url: string, reader: { role: string; password: string }): PostgresPool {
  const own = String(Object.assign(new URL(url), { username: reader.role, password: reader.password }));
  /** Of its own queries a user may end each. */
  const cancel = async (processId: number) => {
    const client = new pg.Client(clientConfig(own));
    client.on('error', () => {});
    try {
      await client.connect();
      await client.query('SELECT pg_cancel_backend($1)', [processId]);
    } finally {
      await client.end().catch(() => {});
    }
  };
  return new PostgresPool({
    url: own,
    schema: viewsSchema(schema),
    most: SQL_CONNECTIONS,
    statementTimeoutMs: 0,
    cancel,
  });
}
