const MAGIC = 0x184d2204;

/**
 * Decompresses an LZ4 frame (https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md) whose size is known, as
 * Arrow buffers are. Checksums are passed over.
 * @throws RangeError where the bytes are no such frame
 */
export function decompressLz4Frame(frame: Uint8Array, size: number): Uint8Array {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (view.getUint32(0, true) !== MAGIC) throw new RangeError('not an LZ4 frame');
  const flags = view.getUint8(4);
  const hasBlockChecksums = (flags & 0x10) !== 0;
  const output = new Uint8Array(size);
  let at = 7 + ((flags & 0x08) !== 0 ? 8 : 0) + ((flags & 0x01) !== 0 ? 4 : 0);
  let written = 0;
  for (;;) {
    const header = view.getUint32(at, true);
    at += 4;
    if (header === 0) break;
    const length = header & 0x7fffffff;
    const block = frame.subarray(at, at + length);
    if (block.byteLength < length) throw new RangeError('an LZ4 frame is cut off');
    if (header >>> 31 === 1) {
      output.set(block, written);
      written += length;
    } else {
      written = decompressBlock(block, output, written);
    }
    at += length + (hasBlockChecksums ? 4 : 0);
  }
  if (written !== size) throw new RangeError('an LZ4 frame has another size than it says');
  return output;
}

/** @returns the position behind the last byte written */
function decompressBlock(block: Uint8Array, output: Uint8Array, start: number): number {
  let at = 0;
  let to = start;
  const extended = (length: number): number => {
    if (length !== 15) return length;
    let total = length;
    for (let more = 255; more === 255; total += more) more = block[at++] ?? 0;
    return total;
  };
  while (at < block.byteLength) {
    const token = block[at++] ?? 0;
    const literals = extended(token >>> 4);
    output.set(block.subarray(at, at + literals), to);
    at += literals;
    to += literals;
    if (at >= block.byteLength) break;
    const distance = (block[at] ?? 0) | ((block[at + 1] ?? 0) << 8);
    at += 2;
    const length = extended(token & 15) + 4;
    if (distance === 0 || distance > to || to + length > output.byteLength) {
      throw new RangeError('an LZ4 block points outside its frame');
    }
    for (const end = to + length; to < end; to++) output[to] = output[to - distance] ?? 0;
  }
  return to;
}
