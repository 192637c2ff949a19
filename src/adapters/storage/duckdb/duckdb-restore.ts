import { constants, copyFile, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { DataForgeError } from '#domain/errors.ts';
import { literal } from '../sql/identifier.ts';
import { translateOpenError } from './duckdb-errors.ts';
import { STORE_FORMAT } from './duckdb-layout.ts';

const STORE_FILE = 'store.duckdb';

export interface RestoreRequest {
  readonly dataDir: string;
  /** The file that a backup wrote; it is copied, and stays. */
  readonly from: string;
  /** Puts a store that is there aside, under a name with the time; without it such a store is refused. */
  readonly replace: boolean;
  readonly now: Date;
}

/**
 * Puts a backup in the place of the store, which nobody may have open. The backup is looked at first, and nothing is
 * moved before its copy is whole and on disk.
 * @returns where the former store lies now; null where there was none
 * @throws DataForgeError `store_damaged` where the file is no backup, `store_newer`, `store_locked`
 */
export async function restoreDuckDbStore({ dataDir, from, replace, now }: RestoreRequest): Promise<string | null> {
  const store = join(dataDir, STORE_FILE);
  const copy = `${store}.restoring`;
  await mkdir(dataDir, { recursive: true });
  const occupied = await exists(store);
  if (occupied && !replace) {
    const message = `There is a store in ${dataDir}; --replace puts it aside and the backup in its place.`;
    throw new DataForgeError('invalid_parameter', message);
  }
  if (occupied) await refuseOpenStore(store);
  try {
    await copyDurably(from, copy);
    await checkBackup(copy, from);
    const aside = occupied ? await putAside(store, dataDir, now) : null;
    await rename(copy, store);
    return aside;
  } finally {
    await rm(copy, { force: true });
  }
}

async function copyDurably(from: string, to: string): Promise<void> {
  try {
    await copyFile(from, to, constants.COPYFILE_FICLONE);
  } catch (cause) {
    throw new DataForgeError('invalid_parameter', `The backup ${from} cannot be read; is the path right?`, { cause });
  }
  const file = await open(to, 'r+');
  await file.sync();
  await file.close();
}

async function checkBackup(copy: string, from: string): Promise<void> {
  let format: number;
  try {
    format = await readFormat(copy);
  } catch (cause) {
    const code = translateOpenError(cause, from).code === 'store_newer' ? 'store_newer' : 'store_damaged';
    throw new DataForgeError(code, `${from} cannot be read as a backup of a store; nothing was changed.`, { cause });
  }
  if (format <= STORE_FORMAT) return;
  throw new DataForgeError('store_newer', `${from} was written by a newer version; restore it with that version.`);
}

/** A store that cannot even be opened is what people restore for; only one that is in use is in the way. */
async function refuseOpenStore(store: string): Promise<void> {
  try {
    await readFormat(store);
  } catch (cause) {
    const error = translateOpenError(cause, store);
    if (error.code === 'store_locked') throw error;
  }
}

async function readFormat(path: string): Promise<number> {
  const instance = await DuckDBInstance.create(':memory:');
  try {
    const connection = await instance.connect();
    await connection.run(`ATTACH ${literal(path)} AS looked (READ_ONLY)`);
    const rows = await connection.runAndReadAll(`SELECT value FROM looked.forge.meta WHERE name = 'format'`);
    connection.closeSync();
    const format = Number(rows.getRowsJson()[0]?.[0] ?? Number.NaN);
    if (Number.isNaN(format)) throw new RangeError('the file does not say its format');
    return format;
  } finally {
    instance.closeSync();
  }
}

/** The file and its log keep their likeness of names, so that they can be put back. */
async function putAside(store: string, dataDir: string, now: Date): Promise<string> {
  const aside = join(dataDir, `store-${now.toISOString().replace(/[:.]/g, '-')}.replaced.duckdb`);
  await rename(store, aside);
  if (await exists(`${store}.wal`)) await rename(`${store}.wal`, `${aside}.wal`);
  return aside;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
