import { isUtf8 } from 'node:buffer';
import { type Data, DataType } from 'apache-arrow';
import type { DbType } from '#domain/dataset/db-type.ts';
import { parseJson } from '#domain/record/json.ts';
import { Invalid, readTextValue } from '#domain/record/value-rules.ts';
import { aligned, bytesIn, isValid } from '../columns/layout.ts';
import { type Cast, type CastColumn, castEach, faultsWhere, sized, validityOf, withoutFaults } from './cast-values.ts';

interface Texts {
  readonly data: Uint8Array;
  /** `length + 1` ascending offsets into `data`. */
  readonly offsets: Int32Array;
}

/** Text stays text; dates, times, UUIDs and JSON are read from it. A number never is, as in JSON. */
export function castText(to: DbType): Cast | null {
  switch (to.name) {
    case 'VARCHAR':
      return castVarchar;
    case 'JSON':
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
    case 'UUID':
      return (data) => readTexts(data, to);
    default:
      return null;
  }
}

function castVarchar(data: Data): CastColumn {
  const texts = textsIn(data);
  const faults = isSound(texts)
    ? []
    : faultsWhere(data, 'must be valid UTF-8 without U+0000', (row) => !isSoundText(bytesAt(texts, row)));
  return { vector: { validity: withoutFaults(validityOf(data), data.length, faults), ...texts }, faults };
}

function readTexts(data: Data, to: DbType): CastColumn {
  const texts = textsIn(data);
  return castEach(data, to, (row) => {
    const bytes = bytesAt(texts, row);
    return isSoundText(bytes)
      ? readTextValue(to, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'), parseJson)
      : new Invalid('must be valid UTF-8 without U+0000');
  });
}

/** Whether all texts at once are sound: valid as a whole, and none begins inside a character. */
function isSound({ data, offsets }: Texts): boolean {
  const end = offsets.at(-1) ?? 0;
  if (!isSoundText(data.subarray(0, end))) return false;
  for (const offset of offsets) if (offset < end && ((data[offset] ?? 0) & 0xc0) === 0x80) return false;
  return true;
}

function isSoundText(bytes: Uint8Array): boolean {
  return isUtf8(bytes) && !bytes.includes(0);
}

function bytesAt({ data, offsets }: Texts, row: number): Uint8Array {
  return data.subarray(offsets[row], offsets[row + 1]);
}

function textsIn(data: Data): Texts {
  if (DataType.isUtf8View(data.type)) return textsInViews(data);
  const bytes = bytesIn(data.values ?? new Uint8Array(0));
  const given = data.valueOffsets as unknown as Int32Array | BigInt64Array;
  if (data.length === 0) return { data: new Uint8Array(0), offsets: new Int32Array(1) };
  if (given.length <= data.length) throw new RangeError('a buffer is shorter than its rows');
  const first = Number(given[0] ?? 0);
  const isPlain = first === 0 && given instanceof Int32Array;
  const offsets = isPlain
    ? given.subarray(0, data.length + 1)
    : Int32Array.from(given.subarray(0, data.length + 1) as Int32Array, (offset) => Number(offset) - first);
  let before = 0;
  for (const offset of offsets) {
    if (offset < before) throw new RangeError('the offsets of a text column do not ascend');
    before = offset;
  }
  return { data: sized(bytes.subarray(first), before), offsets };
}

/** Texts of at most twelve bytes lie in the view itself, longer ones in one of the buffers behind it. */
function textsInViews(data: Data): Texts {
  const { views, variadicBuffers } = data as unknown as { views: Uint8Array; variadicBuffers: Uint8Array[] };
  const bytes = sized(bytesIn(views ?? data.values), 16 * data.length);
  const words = aligned(bytes, Int32Array);
  const vector = { validity: validityOf(data), data: bytes, offsets: null };
  const pieces: Uint8Array[] = [];
  const offsets = new Int32Array(data.length + 1);
  for (let row = 0; row < data.length; row++) {
    const size = isValid(vector, row) ? (words[4 * row] ?? 0) : 0;
    const from = size > 12 ? (words[4 * row + 3] ?? 0) : 16 * row + 4;
    const source = size > 12 ? variadicBuffers[words[4 * row + 2] ?? 0] : bytes;
    if (source === undefined || size < 0 || from < 0 || from + size > source.byteLength) {
      throw new RangeError('a text view points outside its buffers');
    }
    pieces.push(source.subarray(from, from + size));
    offsets[row + 1] = (offsets[row] ?? 0) + size;
  }
  return { data: new Uint8Array(Buffer.concat(pieces)), offsets };
}
