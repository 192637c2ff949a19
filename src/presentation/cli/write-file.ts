import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip, createZstdCompress } from 'node:zlib';
import { DataForgeError } from '#domain/errors.ts';
import type { FileCoding } from '#formats/file/file-kind.ts';

/** Nobody finds half a file: it gets its name when it is whole. */
export async function writeFileWhole(
  path: string,
  body: AsyncIterable<Uint8Array>,
  coding: FileCoding | null,
): Promise<number> {
  const part = `${path}.part`;
  const file = createWriteStream(part);
  const coder: Transform[] = coding === null ? [] : [coding === 'gzip' ? createGzip() : createZstdCompress()];
  try {
    await pipeline([Readable.from(body), ...coder, file]);
    await rename(part, path);
    return file.bytesWritten;
  } catch (error) {
    await rm(part, { force: true });
    if (error instanceof DataForgeError) throw error;
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? ': its folder is not there' : '';
    const message = `The export to ${path} broke off${reason}; nothing was written.`;
    throw new DataForgeError('unavailable', message, { cause: error });
  }
}
