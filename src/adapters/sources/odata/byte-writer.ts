const SHORT = 64;

/** Bytes that are put together from parts of another text. */
export class ByteWriter {
  #bytes: Buffer;
  length = 0;

  constructor(capacity: number) {
    this.#bytes = Buffer.allocUnsafe(capacity);
  }

  byte(byte: number): void {
    this.#reserve(1);
    this.#bytes[this.length++] = byte;
  }

  /** Copies what stands from `start` to `end`. */
  copy(from: Buffer, start: number, end: number): void {
    this.#reserve(end - start);
    if (end - start > SHORT) from.copy(this.#bytes, this.length, start, end);
    else for (let at = start; at < end; at++) this.#bytes[this.length + at - start] = from[at] ?? 0;
    this.length += end - start;
  }

  all(bytes: Buffer): void {
    this.copy(bytes, 0, bytes.length);
  }

  written(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  #reserve(more: number): void {
    if (this.length + more <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.length + more));
    this.#bytes.copy(larger, 0, 0, this.length);
    this.#bytes = larger;
  }
}
