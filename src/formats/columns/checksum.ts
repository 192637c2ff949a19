import { createHash, type Hash } from 'node:crypto';
import type { DbType } from '#domain/dataset/db-type.ts';
import type { ColumnVector, RecordBatch } from '#domain/record/batch.ts';
import { bytesIn, byteWidth, isBitSet, isValid } from './layout.ts';

/**
 * A checksum of rows, in a form that depends on nothing but their values and their order. Each column has a SHA-256 of
 * its own over three streams of all rows: a byte for each that says whether there is a value; the values as Arrow lays
 * them out, zeros for null, a byte for a truth value; for texts their lengths, and their bytes one behind the other.
 * The checksum is the SHA-256 of those of the columns.
 */
export class ColumnsChecksum {
  readonly #columns: readonly ColumnChecksum[];

  constructor(types: readonly DbType[]) {
    this.#columns = types.map((type) => new ColumnChecksum(type));
  }

  add({ length, columns }: RecordBatch): void {
    this.#columns.forEach((checksum, index) => {
      const vector = columns[index];
      if (vector === undefined) throw new RangeError('a block lacks a column');
      checksum.add(vector, length);
    });
  }

  digest(): string {
    const all = createHash('sha256');
    for (const column of this.#columns) for (const digest of column.digests()) all.update(digest);
    return all.digest('hex');
  }
}

class ColumnChecksum {
  readonly #width: number | null;
  readonly #validity = createHash('sha256');
  readonly #values = createHash('sha256');
  readonly #texts = createHash('sha256');

  constructor(type: DbType) {
    this.#width = byteWidth(type);
  }

  add(vector: ColumnVector, length: number): void {
    const present = presenceOf(vector, length);
    this.#validity.update(present);
    if (this.#width === null) addTexts(vector, present, this.#values, this.#texts);
    else if (this.#width === 0) this.#values.update(truthOf(vector, present));
    else this.#values.update(fixedOf(vector, present, this.#width));
  }

  digests(): Buffer[] {
    return [this.#validity, this.#values, this.#texts].map((hash) => hash.digest());
  }
}

function presenceOf(vector: ColumnVector, length: number): Uint8Array {
  const present = new Uint8Array(length).fill(1);
  if (vector.validity === null) return present;
  for (let at = 0; at < length; at++) if (!isValid(vector, at)) present[at] = 0;
  return present;
}

function truthOf({ data }: ColumnVector, present: Uint8Array): Uint8Array {
  return present.map((isThere, at) => (isThere === 1 && isBitSet(data, at) ? 1 : 0));
}

/** What stands in the place of a null is anything. */
function fixedOf({ data, validity }: ColumnVector, present: Uint8Array, width: number): Uint8Array {
  const values = data.subarray(0, present.length * width);
  if (validity === null) return values;
  const zeroed = values.slice();
  present.forEach((isThere, at) => {
    if (isThere === 0) zeroed.fill(0, at * width, (at + 1) * width);
  });
  return zeroed;
}

function addTexts({ data, offsets }: ColumnVector, present: Uint8Array, lengths: Hash, texts: Hash): void {
  const sizes = new Int32Array(present.length);
  const bytes = data.subarray(offsets?.[0] ?? 0, offsets?.[present.length] ?? 0);
  let total = 0;
  present.forEach((isThere, at) => {
    if (isThere === 1) sizes[at] = (offsets?.[at + 1] ?? 0) - (offsets?.[at] ?? 0);
    total += sizes[at] ?? 0;
  });
  if (total !== bytes.length) throw new RangeError('a null of a text column has bytes');
  lengths.update(bytesIn(sizes));
  texts.update(bytes);
}
