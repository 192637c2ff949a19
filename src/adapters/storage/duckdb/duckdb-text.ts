import type { DuckDBDataChunk } from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';

/**
 * Texts of the engine's chunks. An entry has 16 bytes: the length in four, then either the text itself, where it has at
 * most twelve bytes, or four bytes of it and a pointer (https://duckdb.org/docs/stable/clients/c/vector).
 */
const ENTRY_BYTES = 16;
const WORDS_OF_ENTRY = ENTRY_BYTES / 4;
const INLINE_BYTES = 12;

/** A growing run of bytes. */
export class TextBytes {
  #bytes: Buffer;
  #view: DataView;
  length = 0;

  constructor(capacity: number) {
    this.#bytes = Buffer.allocUnsafeSlow(capacity);
    this.#view = viewOf(this.#bytes);
  }

  /**
   * Appends texts of a vector. Texts that lie one behind the other in the engine's memory, as those it
   * has just made do, are copied as one.
   * @param from the first row
   * @param told is called for each row, counted from that one, with the end of its text
   */
  append(vector: duckdb.Vector, from: number, rows: number, told?: (row: number, end: number) => void): void {
    const to = from + rows;
    const entries = duckdb.vector_get_data(vector, to * ENTRY_BYTES);
    const words = new Uint32Array(entries.buffer, entries.byteOffset, to * WORDS_OF_ENTRY);
    const validity = duckdb.vector_get_validity(vector, Math.ceil(to / 64) * 8) ?? null;
    let row = from;
    while (row < to) {
      const length = lengthOf(words, validity, row);
      if (length <= INLINE_BYTES) {
        this.#appendInline(words, row, length);
        told?.(row++ - from, this.length);
        continue;
      }
      const first = row;
      const start = pointerOf(words, first);
      let end = start;
      let text = length;
      do {
        end += text;
        told?.(row - from, this.length + end - start);
        text = ++row < to ? lengthOf(words, validity, row) : 0;
      } while (text > INLINE_BYTES && pointerOf(words, row) === end);
      this.#appendRun(entries, first, end - start);
    }
    release(entries);
    if (validity !== null) release(validity);
  }

  /** Appends the texts of the first column of a chunk. */
  appendChunk(chunk: DuckDBDataChunk): void {
    this.append(duckdb.data_chunk_get_vector(chunk.chunk, 0), 0, chunk.rowCount);
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  /** Writes all twelve bytes there are; what comes next overwrites those that do not belong to the text. */
  #appendInline(words: Uint32Array, row: number, length: number): void {
    if (length === 0) return;
    this.#reserve(INLINE_BYTES);
    const at = row * WORDS_OF_ENTRY;
    this.#view.setUint32(this.length, words[at + 1] as number, true);
    if (length > 4) {
      this.#view.setUint32(this.length + 4, words[at + 2] as number, true);
      this.#view.setUint32(this.length + 8, words[at + 3] as number, true);
    }
    this.length += length;
  }

  #appendRun(entries: Uint8Array, row: number, length: number): void {
    this.#reserve(length);
    const pointer = entries.byteOffset + row * ENTRY_BYTES + 8;
    const run = duckdb.get_data_from_pointer(entries.buffer as ArrayBuffer, pointer, length);
    this.#bytes.set(run, this.length);
    this.length += length;
    release(run);
  }

  #reserve(more: number): void {
    if (this.length + more <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.length + more));
    this.#bytes.copy(larger, 0, 0, this.length);
    this.#bytes = larger;
    this.#view = viewOf(larger);
  }
}

/**
 * Lets go of a view of the engine's memory at once. The collector counts such views as memory of ours and would run for
 * every few dozen megabytes that were only looked at.
 */
export function release(view: Uint8Array): void {
  (view.buffer as ArrayBuffer).transfer(0);
}

/** The texts of the first column, one behind the other. */
export function joinTexts(chunks: readonly DuckDBDataChunk[], expectedBytes: number): Uint8Array {
  const texts = new TextBytes(expectedBytes);
  for (const chunk of chunks) texts.appendChunk(chunk);
  return texts.finish();
}

function lengthOf(words: Uint32Array, validity: Uint8Array | null, row: number): number {
  if (validity !== null && (((validity[row >> 3] as number) >> (row & 7)) & 1) === 0) return 0;
  return words[row * WORDS_OF_ENTRY] as number;
}

/** Addresses have at most 48 bits, which a number holds. */
function pointerOf(words: Uint32Array, row: number): number {
  const at = row * WORDS_OF_ENTRY;
  return (words[at + 2] as number) + (words[at + 3] as number) * 2 ** 32;
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
