import pg from 'pg';
import { MIGRATION_MARK } from '#application/ports/store-transfer.ts';
import { DataForgeError } from '#domain/errors.ts';
import { unfinishedCopy } from '../shared/unfinished-copy.ts';
import { PostgresConnection } from './postgres-connection.ts';
import { translateConnectError } from './postgres-errors.ts';
import { createFoldFunction } from './postgres-fold.ts';
import { MARKS, META_TABLES, STORE, STORE_FORMAT } from './postgres-layout.ts';
import { quotedName } from './postgres-names.ts';
import { clientConfig, sessionSettings } from './postgres-pool.ts';
import { prepareReader } from './postgres-reader-role.ts';
import type { Reader } from './postgres-views.ts';

/** PostgreSQL 15 is the first with unique constraints that take null for a value. */
const LEAST_VERSION = 15;

/** The part of an address that may be shown: where it leads, without user and password. */
export function shownAddress(url: string): string {
  if (!URL.canParse(url)) return 'DATABASE_URL';
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}

interface PreparedStore {
  readonly version: string;
  readonly reader: Reader | null;
}

/**
 * Makes what the store needs in its database where it is not there; of several instances that start at once, one does.
 * @returns the version of the server, and who may run people's SQL
 * @throws DataForgeError `invalid_configuration`, `unavailable`, `store_newer` or `store_unfinished`, in one sentence
 */
export function prepareStore(url: string, schema: string): Promise<PreparedStore> {
  return onClient(url, async (connection, address) => {
    const prepared = await prepare(connection, schema, address);
    await refuseUnfinished(connection, address);
    return prepared;
  });
}

/** The same for a store that may be an unfinished copy. */
export async function prepareCopy(url: string, schema: string): Promise<void> {
  await onClient(url, (connection, address) => prepare(connection, schema, address));
}

/** Runs `work` on a connection of its own. */
async function onClient<T>(
  url: string,
  work: (connection: PostgresConnection, address: string) => Promise<T>,
): Promise<T> {
  const address = shownAddress(url);
  try {
    if (!/^postgres(ql)?:/.test(url)) throw new TypeError('DATABASE_URL has to begin with postgres://');
    const client = new pg.Client(clientConfig(url));
    client.on('error', () => {});
    try {
      await client.connect();
      return await work(new PostgresConnection(client), address);
    } finally {
      await client.end().catch(() => {});
    }
  } catch (error) {
    throw translateConnectError(error, address);
  }
}

async function prepare(connection: PostgresConnection, schema: string, address: string): Promise<PreparedStore> {
  const [number = '0', version = '', encoding = ''] =
    ((await connection.row(
      "SELECT current_setting('server_version_num'), current_setting('server_version'), current_setting('server_encoding')",
    )) as readonly string[] | null) ?? [];
  if (Number(number) < LEAST_VERSION * 10_000) {
    throw new DataForgeError(
      'invalid_configuration',
      `The database at ${address} is PostgreSQL ${version}; Data Forge needs ${LEAST_VERSION} or newer.`,
    );
  }
  if (encoding !== 'UTF8') {
    throw new DataForgeError(
      'invalid_configuration',
      `The database at ${address} keeps text as ${encoding}; make one with ENCODING 'UTF8' for Data Forge.`,
    );
  }
  await connection.batch(sessionSettings(schema));
  await connection.batch(['BEGIN']);
  await lockSchema(connection);
  if ((await connection.row('SELECT to_regclass($1)', [STORE]))?.[0] == null) {
    await connection.batch([`CREATE SCHEMA IF NOT EXISTS ${quotedName(schema)}`, ...META_TABLES, createFoldFunction()]);
  }
  await refuseNewer(connection, address);
  const reader = await prepareReader(connection, schema);
  await connection.batch(['COMMIT']);
  return { version, reader };
}

/** @throws DataForgeError `store_newer` */
export async function refuseNewer(connection: PostgresConnection, address: string): Promise<void> {
  const format = Number((await connection.row(`SELECT format FROM ${STORE}`))?.[0]);
  if (format <= STORE_FORMAT) return;
  throw new DataForgeError(
    'store_newer',
    `The store in ${address} has format ${format} and this version reads up to ${STORE_FORMAT}; start the version of Data Forge that wrote it.`,
  );
}

/** @throws DataForgeError `store_unfinished` where the store is a copy that is not whole */
export async function refuseUnfinished(connection: PostgresConnection, address: string): Promise<void> {
  const sql = `SELECT 1 FROM ${MARKS} WHERE kind = $1 AND key = 'unfinished'`;
  if ((await connection.row(sql, [MIGRATION_MARK])) !== null) throw unfinishedCopy(address);
}

/** Lets one instance at a time change the tables of a store, until its transaction ends. */
export async function lockSchema(connection: PostgresConnection): Promise<void> {
  await connection.row(
    "SELECT pg_advisory_xact_lock(hashtextextended('data-forge ' || current_setting('search_path'), 0))",
  );
}
