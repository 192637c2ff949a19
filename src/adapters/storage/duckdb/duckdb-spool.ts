import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { translateDuckDbError } from './duckdb-errors.ts';

/** A name in the spool folder that nobody else has. */
export function newSpoolFile(spoolDir: string, extension: string): string {
  return join(spoolDir, `${randomUUID()}.${extension}`);
}

/** Makes the spool folder and clears what a process that was killed left in it. */
export async function prepareSpool(spoolDir: string): Promise<void> {
  await mkdir(spoolDir, { recursive: true });
  for (const name of await readdir(spoolDir)) await rm(join(spoolDir, name), { force: true, recursive: true });
}

/** Writes on to a spool file. @throws DataForgeError `resources_exhausted` where the disk is full */
export async function writeSpool(handle: FileHandle, chunks: readonly Uint8Array[]): Promise<void> {
  if (chunks.length === 0) return;
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  try {
    const { bytesWritten } = await handle.writev(chunks);
    // Where only a part was taken, what keeps the rest from being written is told by writing on.
    if (bytesWritten < bytes) await handle.writeFile(Buffer.concat(chunks).subarray(bytesWritten));
  } catch (error) {
    throw translateDuckDbError(error);
  }
}
