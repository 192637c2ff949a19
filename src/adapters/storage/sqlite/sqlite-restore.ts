import { DatabaseSync } from 'node:sqlite';
import { type RestoreRequest, restoreStore, type StoreFiles } from '../shared/restore-store.ts';
import { translateOpenError } from './sqlite-errors.ts';
import { APPLICATION_ID, META, STORE_FILE, STORE_FORMAT } from './sqlite-layout.ts';
import { StoreLock } from './sqlite-store-lock.ts';

const SQLITE_FILES: StoreFiles = {
  name: STORE_FILE,
  companions: ['-wal', '-shm'],
  newestFormat: STORE_FORMAT,
  readFormat,
  codeOf: (error) => translateOpenError(error, '').code,
  refuseOpen: (path) => new StoreLock(path).release(),
};

/** Puts a backup in the place of a SQLite store; see `restoreStore`. */
export function restoreSqliteStore(request: RestoreRequest): Promise<string | null> {
  return restoreStore(request, SQLITE_FILES);
}

function readFormat(path: string): number {
  const database = new DatabaseSync(path);
  try {
    const header = database.prepare('SELECT * FROM pragma_application_id, pragma_user_version').get();
    if (header?.application_id !== APPLICATION_ID) throw new RangeError('the file belongs to another application');
    database.prepare(`SELECT count(*) FROM ${META}`).get();
    return Number(header.user_version);
  } finally {
    database.close();
  }
}
