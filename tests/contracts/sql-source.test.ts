import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import { afterAll, beforeAll, describe } from 'vitest';
import { sqlSource } from '#adapters/sources/sql/sql-source.ts';
import { BreakingProxy } from '../support/breaking-proxy.ts';
import { onServer, POSTGRES_MISSING, type PostgresServer, startPostgresServer } from '../support/postgres-server.ts';
import { type SourceFixture, sourceContract } from './source.ts';

const noFailure = { failure: 'a file on a disk does not break off' };
const NEW_ROWS = { incremental: { column: 'at' } };
const everyRow = { 'new-rows': 'without a column of new rows each run reads all' };
const name = (id: number) => `the "name", of\nrow ${id}`;

/** Where the rows 100 to 299 begin and end by their column of new rows. */
type Ends = readonly [from: string, to: string];

function windowOf(ends: Ends | null): Pick<SourceFixture, 'window'> {
  return ends === null ? {} : { window: { from: ends[0], to: ends[1], ids: [100, 299] } };
}

function sqliteTable(options: object, ends: Ends | null = null) {
  return async (folder: string): Promise<SourceFixture> => {
    const file = join(folder, 'shop.db');
    const database = new DatabaseSync(file);
    database.exec('PRAGMA journal_mode = WAL; CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT, at INTEGER)');
    return {
      options: { url: 'sqlite:shop.db', ...options },
      ...windowOf(ends),
      async fill(ids) {
        database.exec('DELETE FROM orders; BEGIN');
        const insert = database.prepare('INSERT INTO orders VALUES (?, ?, ?)');
        for (const id of ids) insert.run(id, name(id), Math.floor(id / 10));
        database.exec('COMMIT');
      },
      async failOnce() {},
      close: async () => database.close(),
    };
  };
}

sourceContract('sql: a table of SQLite by its key', {
  source: sqlSource,
  open: sqliteTable({ table: 'orders' }),
  lacks: { ...noFailure, ...everyRow },
});
sourceContract('sql: a table of SQLite by a column of new rows', {
  source: sqlSource,
  open: sqliteTable({ table: 'orders', ...NEW_ROWS }, ['10', '30']),
  lacks: noFailure,
});
sourceContract('sql: a SELECT of SQLite by texts that look like numbers', {
  source: sqlSource,
  open: sqliteTable({ query: "SELECT id, name, printf('%04d', at) AS at FROM orders", ...NEW_ROWS }, ['0010', '0030']),
  lacks: noFailure,
});
sourceContract('sql: a SELECT of SQLite by a column of new rows', {
  source: sqlSource,
  open: sqliteTable({ query: 'SELECT id, name, at + 0 AS at FROM orders WHERE id > 0;', ...NEW_ROWS }, ['10', '30']),
  lacks: noFailure,
});

describe.skipIf(POSTGRES_MISSING !== null)(`PostgreSQL ${POSTGRES_MISSING ?? ''}`, () => {
  const reader = `reader_${crypto.randomUUID().slice(0, 8)}`;
  let server: PostgresServer | undefined;

  beforeAll(async () => {
    server = await startPostgresServer();
    const create = `CREATE ROLE ${reader} LOGIN PASSWORD 'secret of password' IN ROLE pg_read_all_data`;
    await onServer(server.url, (client) => client.query(create));
  }, 60_000);

  afterAll(async () => {
    if (server !== undefined) await onServer(server.url, (client) => client.query(`DROP ROLE ${reader}`));
    await server?.dispose();
  });

  function postgresTable(options: object, ends: Ends | null = null) {
    return async (): Promise<SourceFixture> => {
      const url = new URL(server?.url ?? '');
      const client = new pg.Client(url.href);
      await client.connect();
      const table = `orders_${crypto.randomUUID().slice(0, 8)}`;
      await client.query(`CREATE TABLE ${table} (id bigint PRIMARY KEY, name text, at timestamptz NOT NULL)`);
      const proxy = await BreakingProxy.start(Number(url.port));
      const address = `postgres://${reader}@127.0.0.1:${proxy.port}${url.pathname}`;
      const named = JSON.parse(JSON.stringify(options).replaceAll('orders', table));
      return {
        options: { url: address, password: { secret: 'password' }, ...named },
        ...windowOf(ends),
        async fill(ids) {
          await client.query(`TRUNCATE ${table}`);
          const moment = (id: number) => new Date(1.7e12 + Math.floor(id / 10) * 1000);
          const values = [ids, ids.map(name), ids.map(moment)];
          await client.query(
            `INSERT INTO ${table} SELECT * FROM unnest($1::bigint[], $2::text[], $3::timestamptz[])`,
            values,
          );
        },
        async failOnce() {
          proxy.breakAfter(20_000);
        },
        async close() {
          await client.end();
          await proxy.close();
        },
      };
    };
  }

  sourceContract('sql: a table of PostgreSQL by its key', {
    source: sqlSource,
    open: postgresTable({ table: 'public.orders' }),
    lacks: everyRow,
  });
  sourceContract('sql: a table of PostgreSQL by a column of new rows', {
    source: sqlSource,
    open: postgresTable({ table: 'orders', ...NEW_ROWS }, ['2023-11-14T22:13:30Z', '2023-11-14 22:13:50']),
  });
  sourceContract('sql: a SELECT of PostgreSQL by its key', {
    source: sqlSource,
    open: postgresTable({ query: 'SELECT id, at, upper(name) AS name FROM orders', key: 'id' }),
    lacks: everyRow,
  });
});
