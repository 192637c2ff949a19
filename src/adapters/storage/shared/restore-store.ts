import { constants, copyFile, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { DataForgeError, type ErrorCode } from '#domain/errors.ts';

export interface RestoreRequest {
  readonly dataDir: string;
  /** The file that a backup wrote; it is copied, and stays. */
  readonly from: string;
  /** Puts a store that is there aside, under a name with the time; without it such a store is refused. */
  readonly replace: boolean;
  readonly now: Date;
}

/** What restoring has to know of an engine's store. */
export interface StoreFiles {
  /** The name of the store's file. */
  readonly name: string;
  /** What is behind that name in the names of files that belong to it. */
  readonly companions: readonly string[];
  readonly newestFormat: number;
  /** The format of a store that nobody has open. Throws where the file is none. */
  readFormat(path: string): number | Promise<number>;
  /** What an error of opening a store means. */
  codeOf(error: unknown): ErrorCode;
  /** @throws DataForgeError `store_locked` where somebody has the store open */
  refuseOpen(path: string): void | Promise<void>;
}

/**
 * Puts a backup in the place of the store, which nobody may have open. The backup is looked at first, and nothing is
 * moved before its copy is whole and on disk.
 * @returns where the former store lies now; null where there was none
 * @throws DataForgeError `store_damaged` where the file is no backup, `store_newer`, `store_locked`
 */
export async function restoreStore(request: RestoreRequest, files: StoreFiles): Promise<string | null> {
  const { dataDir, from, replace, now } = request;
  const store = join(dataDir, files.name);
  const copy = `${store}.restoring`;
  await mkdir(dataDir, { recursive: true });
  const occupied = await exists(store);
  if (occupied && !replace) {
    const message = `There is a store in ${dataDir}; --replace puts it aside and the backup in its place.`;
    throw new DataForgeError('invalid_parameter', message);
  }
  if (occupied) await files.refuseOpen(store);
  try {
    await copyDurably(from, copy);
    await checkBackup(copy, from, files);
    const aside = occupied ? await putAside(store, files, now) : null;
    await rename(copy, store);
    return aside;
  } finally {
    for (const companion of ['', ...files.companions]) await rm(copy + companion, { force: true });
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

async function checkBackup(copy: string, from: string, files: StoreFiles): Promise<void> {
  let format: number;
  try {
    format = await files.readFormat(copy);
  } catch (cause) {
    const code = files.codeOf(cause) === 'store_newer' ? 'store_newer' : 'store_damaged';
    throw new DataForgeError(code, `${from} cannot be read as a backup of a store; nothing was changed.`, { cause });
  }
  if (format <= files.newestFormat) return;
  throw new DataForgeError('store_newer', `${from} was written by a newer version; restore it with that version.`);
}

/** The file and what belongs to it keep their likeness of names, so that they can be put back. */
async function putAside(store: string, { companions }: StoreFiles, now: Date): Promise<string> {
  const { dir, name, ext } = parse(store);
  const aside = join(dir, `${name}-${now.toISOString().replace(/[:.]/g, '-')}.replaced${ext}`);
  await rename(store, aside);
  for (const companion of companions) {
    if (await exists(store + companion)) await rename(store + companion, aside + companion);
  }
  return aside;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
