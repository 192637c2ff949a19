import { DataForgeError } from '#domain/errors.ts';

/** One message of an Arrow IPC stream: its flatbuffer, and a body whose memory belongs to the reader. */
export interface IpcMessage {
  readonly metadata: Uint8Array;
  /** Begins on a boundary of eight bytes. */
  readonly readBody: (bytes: number) => Promise<Uint8Array>;
}

const MAGIC = 'ARROW1';
const CONTINUATION = 0xffffffff;
const MAX_METADATA_BYTES = 16 * 1024 * 1024;

/**
 * Cuts an IPC stream into messages, one in memory at a time. A file is a stream with a beginning and a footer around
 * it, and is read as one. `readBody` must be called for each message, with its length, before the next is asked for.
 * @throws DataForgeError `invalid_body` where the bytes are something else or end too early, `too_large`
 */
export async function* readIpcMessages(
  body: AsyncIterable<Uint8Array>,
  limits: { readonly maxMessageBytes: number },
): AsyncGenerator<IpcMessage> {
  const bytes = new ByteReader(body);
  try {
    let prefix = await bytes.read(8, true);
    if (prefix === null) throw invalid('The body is empty; send an Arrow IPC stream or file.');
    const isFile = Buffer.from(prefix).toString('latin1', 0, 6) === MAGIC;
    if (isFile) prefix = await bytes.read(8, true);
    for (; prefix !== null; prefix = await bytes.read(8, true)) {
      const view = new DataView(prefix.buffer, prefix.byteOffset, 8);
      const isContinued = view.getUint32(0, true) === CONTINUATION;
      const size = view.getUint32(isContinued ? 4 : 0, true);
      if (size === 0) break;
      if (size > MAX_METADATA_BYTES) throw invalid('The body is no Arrow IPC stream or file.');
      if (!isContinued) bytes.unread(prefix.subarray(4));
      yield {
        metadata: await bytes.readAll(size),
        readBody: (length) => {
          if (!(length >= 0)) throw invalid('A message of the Arrow body has no length.');
          if (length > limits.maxMessageBytes) throw tooLarge(limits.maxMessageBytes);
          return bytes.readAll(length);
        },
      };
    }
    await bytes.drain();
  } finally {
    await bytes.close();
  }
}

/** Takes exact amounts out of bytes that arrive in any pieces. */
class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #held: Uint8Array[] = [];
  #heldBytes = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** @returns null where the bytes are at an end already; `mayBeShort` takes a shorter last piece for that end */
  async read(bytes: number, mayBeShort: boolean): Promise<Uint8Array | null> {
    while (this.#heldBytes < bytes) {
      const next = await this.#source.next();
      if (next.done) {
        if (this.#heldBytes === 0 || (mayBeShort && this.#isZero())) return null;
        throw invalid('The Arrow body ends in the middle of a message; it was cut off.');
      }
      this.unread(next.value, true);
    }
    return this.#take(bytes);
  }

  async readAll(bytes: number): Promise<Uint8Array> {
    if (bytes === 0) return new Uint8Array(0);
    const read = await this.read(bytes, false);
    if (read === null) throw invalid('The Arrow body ends in the middle of a message; it was cut off.');
    return read;
  }

  unread(bytes: Uint8Array, behind = false): void {
    if (behind) this.#held.push(bytes);
    else this.#held.unshift(bytes);
    this.#heldBytes += bytes.byteLength;
  }

  async drain(): Promise<void> {
    this.#held = [];
    this.#heldBytes = 0;
    while (!(await this.#source.next()).done);
  }

  async close(): Promise<void> {
    await this.#source.return?.();
  }

  /** Old writers end a stream with four zero bytes. */
  #isZero(): boolean {
    return this.#held.every((piece) => piece.every((byte) => byte === 0));
  }

  #take(bytes: number): Uint8Array {
    const taken = new Uint8Array(bytes);
    let at = 0;
    while (at < bytes) {
      const piece = this.#held.shift() ?? new Uint8Array(0);
      const part = piece.subarray(0, bytes - at);
      taken.set(part, at);
      at += part.byteLength;
      if (part.byteLength < piece.byteLength) this.#held.unshift(piece.subarray(part.byteLength));
    }
    this.#heldBytes -= bytes;
    return taken;
  }
}

function invalid(message: string): DataForgeError {
  return new DataForgeError('invalid_body', message);
}

function tooLarge(limit: number): DataForgeError {
  const megabytes = Math.floor(limit / 1024 / 1024);
  return new DataForgeError('too_large', `An Arrow record batch is larger than ${megabytes} MB; send smaller batches.`);
}
