import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DataForgeError } from '#domain/errors.ts';

/** A body that was received: small ones as they are, others in a file. */
export type ReceivedBody = { readonly chunks: readonly Uint8Array[] } | { readonly file: string };

/** Bodies up to so many bytes are held in memory. */
const HELD_BYTES = 8 * 1024 * 1024;

/** A name in the spool folder that nobody else has. */
export function newSpoolFile(spoolDir: string, extension: string): string {
  return join(spoolDir, `${randomUUID()}.${extension}`);
}

/** Makes the spool folder and clears what a process that was killed left in it. */
export async function prepareSpool(spoolDir: string): Promise<void> {
  await mkdir(spoolDir, { recursive: true });
  for (const name of await readdir(spoolDir)) await rm(join(spoolDir, name), { force: true, recursive: true });
}

/** Receives a whole body; once it has more than `held` bytes it goes to a file. */
export async function receiveBody(
  body: AsyncIterable<Uint8Array>,
  newFile: () => string,
  held = HELD_BYTES,
): Promise<ReceivedBody> {
  let chunks: Uint8Array[] = [];
  let bytes = 0;
  let spool: { readonly file: string; readonly handle: FileHandle } | null = null;
  const flush = async () => {
    if (spool === null) {
      const file = newFile();
      spool = { file, handle: await open(file, 'wx') };
    }
    await write(spool.handle, chunks, bytes);
    chunks = [];
    bytes = 0;
  };
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > held) await flush();
    }
    if (spool === null && held > 0) return { chunks };
    await flush();
    return { file: (spool as unknown as { file: string }).file };
  } finally {
    await (spool as { handle: FileHandle } | null)?.handle.close();
  }
}

async function write(handle: FileHandle, chunks: readonly Uint8Array[], bytes: number): Promise<void> {
  if (bytes === 0) return;
  try {
    const { bytesWritten } = await handle.writev(chunks);
    // Where only a part was taken, what keeps the rest from being written is told by writing on.
    if (bytesWritten < bytes) await handle.writeFile(Buffer.concat(chunks).subarray(bytesWritten));
  } catch (error) {
    throw spoolError(error);
  }
}

function spoolError(cause: unknown): DataForgeError {
  const isFull = (cause as NodeJS.ErrnoException | null)?.code === 'ENOSPC';
  if (!isFull) return new DataForgeError('internal', 'The body could not be kept on disk.', { cause });
  const message = 'The disk is full; free some space and send the request again.';
  return new DataForgeError('resources_exhausted', message, { cause, retryable: true });
}
