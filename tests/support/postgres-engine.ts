import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { afterAll, beforeAll, describe } from 'vitest';
import { openPostgresEngine } from '#adapters/storage/postgres/postgres-engine.ts';
import { readerRole } from '#adapters/storage/postgres/postgres-reader-role.ts';
import { loadParquetCodec } from '#adapters/storage/registry.ts';
import type { StorageEngine } from '#application/ports/storage-engine.ts';
import { compileRe2 } from '#infrastructure/re2.ts';
import { onServer, POSTGRES_MISSING, type PostgresServer, startPostgresServer } from './postgres-server.ts';

/** A store in a schema of its own, for one test. */
export interface PostgresTestStore {
  readonly schema: string;
  readonly dataDir: string;
  readonly engine: StorageEngine;
  readonly reopen: () => Promise<StorageEngine>;
  /** Another instance on the same store; it is closed with the first. */
  readonly join: () => Promise<StorageEngine>;
  readonly dispose: () => Promise<void>;
}

/** A group of tests with a server; where there can be none its name says that they are left out. */
export function describeOnPostgres(name: string, define: (server: () => PostgresServer) => void): void {
  if (POSTGRES_MISSING !== null) {
    describe.skip(`${name} (${POSTGRES_MISSING})`, () => define(noServer));
    return;
  }
  describe(name, () => {
    let server: PostgresServer;
    beforeAll(async () => {
      server = await startPostgresServer();
    }, 120_000);
    afterAll(() => server.dispose());
    define(() => server);
  });
}

function noServer(): never {
  throw new Error('there is no server');
}

/** @param numbersAhead whether long loads have numbers far ahead; without, the numbers are those of the other engines */
export async function openTemporaryPostgres(
  { url }: PostgresServer,
  { numbersAhead = true } = {},
): Promise<PostgresTestStore> {
  const schema = `test_${randomUUID().slice(0, 8)}`;
  const dataDir = await mkdtemp(join(tmpdir(), 'data-forge-postgres-spool-'));
  const open = () =>
    openPostgresEngine({
      url,
      schema,
      connections: 7,
      dataDir,
      numbersAhead,
      gate: { run: (_, work) => work() },
      compilePattern: compileRe2,
      parquet: loadParquetCodec,
    });
  let engine = await open();
  const others: StorageEngine[] = [];
  return {
    schema,
    dataDir,
    engine,
    reopen: async () => {
      await engine.maintenance.close();
      engine = await open();
      return engine;
    },
    join: async () => {
      const other = await open();
      others.push(other);
      return other;
    },
    dispose: async () => {
      for (const each of [engine, ...others]) await each.maintenance.close();
      await onServer(url, (client) => dropStore(client, schema));
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function dropStore(client: pg.Client, schema: string): Promise<void> {
  await client.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE; DROP SCHEMA IF EXISTS "${schema}_sql" CASCADE`);
  const { rows } = await client.query<{ database: string }>('SELECT current_database() AS database');
  await client.query(`DROP ROLE IF EXISTS "${readerRole(rows[0]?.database ?? '', schema)}"`);
}
