import { type FileHandle, open, rm } from 'node:fs/promises';
import { throwIfAborted } from './duckdb-session.ts';
import { newSpoolFile, writeSpool } from './duckdb-spool.ts';
import { TextScan } from './duckdb-text-scan.ts';

/** A part of an upload that lies in a spool file and ends where a row ends. */
export interface Block {
  readonly file: string;
  readonly index: number;
  readonly bytes: number;
  /** What its bytes are like. */
  readonly scan: TextScan;
  /** The first bytes of the block, to look at. */
  readonly head: Uint8Array;
}

/** Says where a body may be cut. */
export interface BlockCutter {
  /** Sees every byte once, in order; returns the offset behind the last row's end in this chunk, 0 for none. */
  cut(chunk: Uint8Array): number;
}

/** NDJSON may be cut behind any line feed. */
export class LineCutter implements BlockCutter {
  cut(chunk: Uint8Array): number {
    return chunk.lastIndexOf(0x0a) + 1;
  }
}

export interface SpoolOptions {
  readonly spoolDir: string;
  /** Bytes from which on a block is cut. */
  readonly blockBytes: number;
  readonly extension: string;
  readonly signal: AbortSignal;
  /** What every block but the first begins with. */
  readonly prefix?: () => Uint8Array;
}

/**
 * Writes a body to spool files of about `blockBytes`, cut between rows, and hands out each as soon as it is complete.
 * The consumer removes what it was given.
 */
async function* spoolBlocks(
  body: AsyncIterable<Uint8Array>,
  cutter: BlockCutter,
  options: SpoolOptions,
): AsyncGenerator<Block> {
  let writer = await BlockWriter.open(options, 0);
  try {
    for await (const chunk of body) {
      throwIfAborted(options.signal);
      const end = cutter.cut(chunk);
      if (end === 0 || writer.bytes + end < bytesOf(writer.index, options)) {
        await writer.write(chunk);
        continue;
      }
      await writer.write(chunk.subarray(0, end));
      const full = await writer.close();
      writer = await BlockWriter.open(options, writer.index + 1);
      await writer.write(chunk.slice(end));
      yield full;
    }
    if (writer.hasRows || writer.index === 0) yield await writer.close();
  } finally {
    await writer.discard();
  }
}

/** The first block is small, so that the engine soon has something to do. */
function bytesOf(index: number, { blockBytes }: SpoolOptions): number {
  return index === 0 ? blockBytes / 4 : blockBytes;
}

const HEAD_BYTES = 64 * 1024;
/** Bytes that are written to the file at once. */
const WRITE_BYTES = 1024 * 1024;

class BlockWriter {
  readonly #handle: FileHandle;
  readonly #file: string;
  readonly index: number;
  readonly #scan = new TextScan();
  readonly #head: Uint8Array[] = [];
  #headBytes = 0;
  #closed = false;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #prefixBytes = 0;
  bytes = 0;

  private constructor(handle: FileHandle, file: string, index: number) {
    this.#handle = handle;
    this.#file = file;
    this.index = index;
  }

  static async open(options: SpoolOptions, index: number): Promise<BlockWriter> {
    const file = newSpoolFile(options.spoolDir, options.extension);
    const writer = new BlockWriter(await open(file, 'w'), file, index);
    if (index > 0 && options.prefix !== undefined) await writer.write(options.prefix());
    writer.#prefixBytes = writer.bytes;
    return writer;
  }

  get hasRows(): boolean {
    return this.bytes > this.#prefixBytes;
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (chunk.length === 0) return;
    if (this.#headBytes < HEAD_BYTES) {
      const head = chunk.slice(0, HEAD_BYTES - this.#headBytes);
      this.#head.push(head);
      this.#headBytes += head.length;
    }
    this.#scan.push(chunk);
    this.bytes += chunk.length;
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    if (this.#waitingBytes >= WRITE_BYTES) await this.#flush();
  }

  async close(): Promise<Block> {
    await this.#flush();
    await this.#handle.close();
    this.#closed = true;
    const head = Buffer.concat(this.#head);
    return { file: this.#file, index: this.index, bytes: this.bytes, scan: this.#scan, head };
  }

  async #flush(): Promise<void> {
    const chunks = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    await writeSpool(this.#handle, chunks);
  }

  /** Removes a block that was never handed out. */
  async discard(): Promise<void> {
    if (this.#closed) return;
    await this.#handle.close();
    await rm(this.#file, { force: true });
  }
}

/** Spools the next block while the last one is worked on. */
export async function* spoolAhead(
  body: AsyncIterable<Uint8Array>,
  cutter: BlockCutter,
  options: SpoolOptions,
): AsyncGenerator<Block> {
  const blocks = spoolBlocks(body, cutter, options);
  let next = blocks.next();
  try {
    for (;;) {
      const block = await next;
      if (block.done) return;
      next = blocks.next();
      next.catch(() => {});
      yield block.value;
    }
  } finally {
    const unused = await next.catch(() => null);
    if (unused !== null && !unused.done) await rm(unused.value.file, { force: true });
    await blocks.return(undefined);
  }
}
