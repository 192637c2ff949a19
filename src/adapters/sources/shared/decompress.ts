import { pipeline, Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { DataForgeError } from '#domain/errors.ts';

const GZIP = [0x1f, 0x8b];
const ZSTD = [0x28, 0xb5, 0x2f, 0xfd];

/** The bytes of a body, decompressed where they begin as gzip or zstd do, which no text of rows does. */
export async function* decompressed(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]();
  const first = await chunks.next();
  if (first.done) return;
  const whole = rejoined(first.value, chunks);
  const decoder = begins(first.value, GZIP)
    ? createGunzip()
    : begins(first.value, ZSTD)
      ? createZstdDecompress()
      : null;
  if (decoder === null) {
    yield* whole;
    return;
  }
  try {
    yield* pipeline(Readable.from(whole), decoder, () => {});
  } catch (cause) {
    if (cause instanceof DataForgeError) throw cause;
    const message = 'What the source gives cannot be decompressed to its end.';
    throw new DataForgeError('source_failed', message, { cause, retryable: true });
  }
}

function begins(bytes: Uint8Array, signature: readonly number[]): boolean {
  return signature.every((byte, at) => bytes[at] === byte);
}

async function* rejoined(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield first;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
