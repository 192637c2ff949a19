import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { DataForgeError } from '#domain/errors.ts';
import type { FileCoding } from '#formats/file/file-kind.ts';

const CHUNK_BYTES = 256 * 1024;

/**
 * The bytes of a file, decompressed.
 * @throws DataForgeError `source_failed`, retryable: a file that is half written today may be whole tomorrow
 */
export async function* openFile(
  path: string,
  coding: FileCoding | null,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const file = createReadStream(path, { highWaterMark: CHUNK_BYTES, signal });
  try {
    if (coding === null) yield* file;
    else yield* pipeline(file, coding === 'gzip' ? createGunzip() : createZstdDecompress(), () => {});
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    const message = `The file ${path} cannot be read to its end: ${cause instanceof Error ? cause.message : cause}.`;
    throw new DataForgeError('source_failed', message, { cause, retryable: true });
  } finally {
    file.destroy();
  }
}
