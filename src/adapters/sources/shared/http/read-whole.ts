import { DataForgeError } from '#domain/errors.ts';
import { shownUrl } from './http-session.ts';

/** Bytes of an answer that is read whole. */
const MOST_BYTES = 512 * 1024 * 1024;

/**
 * The body of an answer that has to be looked into.
 * @throws DataForgeError `source_failed` where it is too large to be held in memory
 */
export async function readWhole(body: AsyncIterable<Uint8Array>, url: URL): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > MOST_BYTES) {
      const message = `An answer of ${shownUrl(url)} has more than ${MOST_BYTES} bytes; ask for smaller pages.`;
      throw new DataForgeError('source_failed', message);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
