import { accessSync, constants, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { MIGRATION_MARK } from '#application/ports/store-transfer.ts';
import { DataForgeError } from '#domain/errors.ts';
import { unfinishedCopy } from '../shared/unfinished-copy.ts';
import { SqliteConnection } from './sqlite-connection.ts';
import { damagedError, readOnlyError, translateOpenError } from './sqlite-errors.ts';
import { APPLICATION_ID, MARKS, META_TABLES, STORE_FORMAT } from './sqlite-layout.ts';
import type { WriterOptions } from './sqlite-writer-calls.ts';

/**
 * Opens the store for writing, making it where there is none.
 * @throws DataForgeError `store_read_only`, `store_newer` or `store_damaged`
 */
export function openStore({ path, cacheBytes }: WriterOptions): SqliteConnection {
  try {
    if (!existsSync(path)) makeStore(path);
    refuseNoStore(path);
    const connection = new SqliteConnection({ path, readOnly: false, cacheBytes });
    try {
      refuseOther(connection, path);
      connection.execute('PRAGMA journal_mode = WAL');
      connection.execute('PRAGMA synchronous = FULL');
      connection.execute(`PRAGMA journal_size_limit = ${64 * 1024 * 1024}`);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  } catch (error) {
    throw translateOpenError(error, path);
  }
}

/** Makes the folder of a store. @throws DataForgeError `store_read_only` */
export function prepareFolder(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    accessSync(dirname(path), constants.W_OK);
    if (existsSync(path)) accessSync(path, constants.W_OK | constants.R_OK);
  } catch (error) {
    throw readOnlyError(path, error);
  }
}

/** A store gets its name when it is whole, so that a process that is killed meanwhile leaves none that looks damaged. */
function makeStore(path: string): void {
  const made = `${path}.new`;
  rmSync(made, { force: true });
  const database = new DatabaseSync(made);
  try {
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    database.exec(`BEGIN; ${META_TABLES.join('; ')}; PRAGMA user_version = ${STORE_FORMAT}; COMMIT`);
  } finally {
    database.close();
  }
  renameSync(made, path);
}

/** The engine takes an empty file for a store that is yet to be filled. */
function refuseNoStore(path: string): void {
  if (statSync(path).size === 0) throw damagedError(path, new Error('the file is empty'));
}

/**
 * Opens the store to be read and left as it is.
 * @throws DataForgeError `store_newer`, `store_unfinished` or `store_damaged`
 */
export function openStoreToRead({ path, cacheBytes }: WriterOptions): SqliteConnection {
  try {
    refuseNoStore(path);
    const connection = new SqliteConnection({ path, readOnly: true, cacheBytes });
    try {
      refuseOther(connection, path);
      refuseUnfinished(connection, path);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  } catch (error) {
    throw translateOpenError(error, path);
  }
}

/** @throws DataForgeError `store_unfinished` where the store is a copy that is not whole */
export function refuseUnfinished(connection: SqliteConnection, path: string): void {
  const sql = `SELECT 1 FROM ${MARKS} WHERE kind = ?1 AND key = 'unfinished'`;
  if (connection.row(sql, [MIGRATION_MARK]) !== null) throw unfinishedCopy(path);
}

function refuseOther(connection: SqliteConnection, path: string): void {
  const format = Number(connection.row('PRAGMA user_version')?.[0]);
  const application = Number(connection.row('PRAGMA application_id')?.[0]);
  if (application !== APPLICATION_ID) throw damagedError(path, new Error('the file belongs to another application'));
  if (format > STORE_FORMAT) {
    throw new DataForgeError(
      'store_newer',
      `The store ${path} has format ${format} and this version reads up to ${STORE_FORMAT}; start the version of Data Forge that wrote it.`,
    );
  }
}
