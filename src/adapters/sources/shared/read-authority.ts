import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { SourceOpening } from '#application/ports/source.ts';
import { DataForgeError } from '#domain/errors.ts';

/**
 * The certificate of an authority that a file names, or null where it names none.
 * @throws DataForgeError `invalid_configuration` where there is no such file
 */
export async function readAuthority(
  path: string | null,
  { folder }: Pick<SourceOpening, 'folder'>,
): Promise<Buffer | null> {
  if (path === null) return null;
  return readFile(resolve(folder, path)).catch((cause) => {
    throw new DataForgeError('invalid_configuration', `The certificate ${path} cannot be read.`, { cause });
  });
}
