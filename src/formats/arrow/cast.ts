import { type Data, DataType, type Vector } from 'apache-arrow';
import type { DbType } from '#domain/dataset/db-type.ts';
import type { ColumnVector } from '#domain/record/batch.ts';
import { isBitSet } from '../columns/layout.ts';
import { concatenateValues, takeValues } from '../columns/take.ts';
import { castBinary, castBool } from './cast-bytes.ts';
import { castDecimal } from './cast-decimal.ts';
import { castFloat, castInt } from './cast-numbers.ts';
import { castDate, castTime, castTimestamp } from './cast-temporal.ts';
import { castText } from './cast-text.ts';
import { type Cast, type CastColumn, type CastFault, validityOf } from './cast-values.ts';

/** How to get from an Arrow type to a storage type; null where no value of the one is a value of the other. */
export function findCast(from: DataType, to: DbType): Cast | null {
  if (DataType.isNull(from)) return ({ length }) => ({ vector: nulls(to, length), faults: [] });
  if (DataType.isDictionary(from)) {
    const inner = findCast(from.dictionary, to);
    return inner === null ? null : dictionaryCast(to, inner);
  }
  if (DataType.isUtf8(from) || DataType.isLargeUtf8(from) || DataType.isUtf8View(from)) return castText(to);
  if (DataType.isInt(from)) return castInt(from, to);
  if (DataType.isFloat(from)) return castFloat(from, to);
  if (DataType.isDecimal(from)) return castDecimal(from, to);
  if (DataType.isBool(from)) return castBool(to);
  if (DataType.isFixedSizeBinary(from)) return castBinary(from, to);
  if (DataType.isDate(from)) return castDate(from, to);
  if (DataType.isTime(from)) return castTime(from, to);
  return DataType.isTimestamp(from) ? castTimestamp(from, to) : null;
}

function nulls(type: DbType, length: number): ColumnVector {
  const none = { validity: new Uint8Array(1), data: new Uint8Array(16), offsets: new Int32Array(2) };
  return takeValues(type, none, new Int32Array(length).fill(-1));
}

/** Casts each word of a dictionary once, and then looks the words up. */
function dictionaryCast(to: DbType, cast: Cast): Cast {
  let known: { readonly words: Vector; readonly dictionary: CastDictionary } | null = null;
  return (data) => {
    const words = data.dictionary;
    if (words === undefined) throw new RangeError('a column has no dictionary');
    if (known?.words !== words) known = { words, dictionary: castWords(words, to, cast) };
    return lookUp(data, to, known.dictionary);
  };
}

interface CastDictionary {
  readonly vector: ColumnVector;
  readonly length: number;
  /** What is wrong with a word, by its place. */
  readonly messages: ReadonlyMap<number, string>;
}

function castWords(words: Vector, to: DbType, cast: Cast): CastDictionary {
  const casts = words.data.map((chunk) => ({ ...cast(chunk), length: chunk.length }));
  const messages = new Map<number, string>();
  let from = 0;
  for (const part of casts) {
    for (const { row, message } of part.faults) messages.set(from + row, message);
    from += part.length;
  }
  return { ...concatenateValues(to, casts), messages };
}

function lookUp(data: Data, to: DbType, { vector, length, messages }: CastDictionary): CastColumn {
  const faults: CastFault[] = [];
  const validity = validityOf(data);
  const places = Int32Array.from(indexesOf(data), (index, row) => {
    if (validity !== null && !isBitSet(validity, row)) return -1;
    if (index < 0 || index >= length) throw new RangeError(`row ${row} points outside its dictionary`);
    const message = messages.get(index);
    if (message !== undefined) faults.push({ row, message });
    return index;
  });
  return { vector: takeValues(to, vector, places), faults };
}

function indexesOf(data: Data): Int32Array {
  const indexes = data.values as Int32Array | BigInt64Array;
  if (indexes.length < data.length) throw new RangeError('a buffer is shorter than its rows');
  return Int32Array.from(indexes.subarray(0, data.length) as Int32Array, Number);
}
