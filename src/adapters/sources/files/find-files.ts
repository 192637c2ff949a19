import { glob, readdir, stat } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { DataForgeError } from '#domain/errors.ts';

export interface FoundFile {
  /** From the folder that paths begin in, with `/`: what a cursor remembers. */
  readonly name: string;
  readonly path: string;
  /** Differs where the file was written anew. */
  readonly signature: string;
  /** When it was written to, or given its name, last: milliseconds since 1970. */
  readonly changedAt: number;
}

const HAS_WILDCARD = /[*?[\]{}]/;

/**
 * The files of a path or a pattern, in the order of their names; hidden ones, and those with an underscore in front,
 * which are still being written, are passed over.
 * @throws DataForgeError `source_failed` where a path without a wildcard leads to nothing
 */
export async function findFiles(folder: string, pattern: string): Promise<readonly FoundFile[]> {
  const paths = HAS_WILDCARD.test(pattern)
    ? (await Array.fromAsync(glob(pattern, { cwd: folder }))).map((path) => resolve(folder, path))
    : await pathOrFolder(resolve(folder, pattern));
  const expanded = paths.filter((path) => !/^[._]/.test(basename(path)));
  const found = await Promise.all(expanded.map((path) => describe(folder, path)));
  return found.flatMap((file) => file ?? []).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The file, or all files of the folder. */
async function pathOrFolder(path: string): Promise<string[]> {
  const found = await stat(path).catch(() => null);
  if (found === null) {
    throw new DataForgeError(
      'source_failed',
      `There is no file and no folder ${path}; is the path of the source right?`,
    );
  }
  return found.isDirectory() ? (await readdir(path)).map((name) => join(path, name)) : [path];
}

async function describe(folder: string, path: string): Promise<FoundFile | null> {
  const found = await stat(path).catch(() => null);
  if (!found?.isFile()) return null;
  const name = relative(folder, path).replaceAll('\\', '/');
  return {
    name,
    path,
    signature: `${found.size}:${Math.round(found.mtimeMs)}`,
    changedAt: Math.ceil(Math.max(found.mtimeMs, found.ctimeMs)),
  };
}
