import type { DbType } from '#domain/dataset/db-type.ts';
import type { ColumnVector } from '#domain/record/batch.ts';

/** Bytes of one value; 0 for BOOLEAN (a bit), null for text, which varies. */
export function byteWidth(type: DbType): number | null {
  switch (type.name) {
    case 'VARCHAR':
    case 'JSON':
      return null;
    case 'BOOLEAN':
      return 0;
    case 'SMALLINT':
      return 2;
    case 'INTEGER':
    case 'DATE':
      return 4;
    case 'BIGINT':
    case 'DOUBLE':
    case 'TIME':
    case 'TIMESTAMP':
      return 8;
    case 'DECIMAL':
    case 'UUID':
      return 16;
  }
}

/** Bytes of a bitmap of so many bits. */
export function bitmapBytes(bits: number): number {
  return (bits + 7) >>> 3;
}

export function isBitSet(bitmap: Uint8Array, at: number): boolean {
  return (((bitmap[at >>> 3] ?? 0) >>> (at & 7)) & 1) === 1;
}

export function setBit(bitmap: Uint8Array, at: number): void {
  bitmap[at >>> 3] = (bitmap[at >>> 3] ?? 0) | (1 << (at & 7));
}

export function isValid(vector: ColumnVector, at: number): boolean {
  return vector.validity === null || isBitSet(vector.validity, at);
}

/** How many of the first `length` bits are not set. */
export function countClear(bitmap: Uint8Array, length: number): number {
  let set = 0;
  const whole = length >>> 3;
  for (let at = 0; at < whole; at++) {
    let byte = bitmap[at] ?? 0;
    byte -= (byte >>> 1) & 0x55;
    byte = (byte & 0x33) + ((byte >>> 2) & 0x33);
    set += (byte + (byte >>> 4)) & 0x0f;
  }
  for (let at = whole << 3; at < length; at++) if (isBitSet(bitmap, at)) set++;
  return length - set;
}

/** The bytes as elements of a wider type; copied only where they do not lie on its boundary. */
export function aligned<T>(
  bytes: Uint8Array,
  ArrayType: { new (buffer: ArrayBufferLike, offset: number, length: number): T; readonly BYTES_PER_ELEMENT: number },
): T {
  const width = ArrayType.BYTES_PER_ELEMENT;
  const at = bytes.byteOffset % width === 0 ? bytes : bytes.slice();
  return new ArrayType(at.buffer, at.byteOffset, Math.floor(at.byteLength / width));
}

/** The bytes of any view. */
export function bytesIn(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}
