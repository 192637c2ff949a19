import { constants, zstdDecompressSync } from 'node:zlib';
import { BufferRegion, RecordBatch as RecordBatchHeader } from 'apache-arrow/ipc/metadata/message';
import { DataForgeError } from '#domain/errors.ts';
import { decompressLz4Frame } from './lz4.ts';

const LZ4_FRAME = 0;

/** A record batch whose buffers lie in `body` uncompressed. */
export interface PlainBatch {
  readonly header: RecordBatchHeader;
  readonly body: Uint8Array;
}

/**
 * Undoes the compression of a body, buffer by buffer (LZ4 frames and ZSTD).
 * @throws RangeError where a buffer is not what it says, DataForgeError `too_large`
 */
export function decompressBatch(header: RecordBatchHeader, body: Uint8Array, maxBytes: number): PlainBatch {
  if (header.compression === null) return { header, body };
  const isLz4 = header.compression.type === LZ4_FRAME;
  const plain = header.buffers.map((region) => sizeOf(body, region));
  const total = plain.reduce((sum, { size }) => sum + padded(size), 0);
  if (total > maxBytes) {
    throw new DataForgeError(
      'too_large',
      'An Arrow record batch is too large once decompressed; send smaller batches.',
    );
  }
  const output = new Uint8Array(total);
  const regions: BufferRegion[] = [];
  let at = 0;
  for (const { bytes, size, isCompressed } of plain) {
    const buffer = !isCompressed ? bytes : isLz4 ? decompressLz4Frame(bytes, size) : decompressZstd(bytes, size);
    output.set(buffer, at);
    regions.push(new BufferRegion(at, size));
    at += padded(size);
  }
  const { length, nodes, variadicBufferCounts } = header;
  return { header: new RecordBatchHeader(length, nodes, regions, null, variadicBufferCounts), body: output };
}

/** Each buffer begins with its size; -1 there says that it was not compressed after all. */
function sizeOf(body: Uint8Array, { offset, length }: BufferRegion) {
  if (length === 0) return { bytes: body.subarray(0, 0), size: 0, isCompressed: false };
  const view = new DataView(body.buffer, body.byteOffset + offset, length);
  const size = Number(view.getBigInt64(0, true));
  const bytes = body.subarray(offset + 8, offset + length);
  if (size < -1) throw new RangeError('a compressed buffer has no size');
  return size === -1 ? { bytes, size: bytes.byteLength, isCompressed: false } : { bytes, size, isCompressed: true };
}

function decompressZstd(bytes: Uint8Array, size: number): Uint8Array {
  const output = zstdDecompressSync(bytes, { maxOutputLength: Math.max(size, 1), finishFlush: constants.ZSTD_e_end });
  if (output.byteLength !== size) throw new RangeError('a compressed buffer has another size than it says');
  return output;
}

function padded(bytes: number): number {
  return (bytes + 7) & ~7;
}
