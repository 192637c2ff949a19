import type { SqlType, SqlVector } from '#domain/sql/sql-type.ts';
import { decimalText, wideAt } from '../columns/decimal.ts';
import { aligned, isBitSet } from '../columns/layout.ts';
import { clockText, dateText, intervalText, momentText } from './sql-times.ts';

/** How the values of one column are written; each takes a row that is not null. */
interface ValueWriter {
  /** As JSON: exact numbers, lists and maps as arrays, structs as objects. */
  readonly json: (at: number) => string;
  /** As the text of a field: a JSON string without its quotes, anything else as JSON has it. */
  readonly text: (at: number) => string;
}

/** A writer of one column's values as JSON; `null` where there is none. */
export function jsonWriter(type: SqlType, vector: SqlVector): (at: number) => string {
  if (type.kind === 'null') return () => 'null';
  const { json } = writerOf(type, vector);
  const { validity } = vector;
  return validity === null ? json : (at) => (isBitSet(validity, at) ? json(at) : 'null');
}

/** The same as text for a field or a cell; null where there is none. */
export function textWriter(type: SqlType, vector: SqlVector): (at: number) => string | null {
  if (type.kind === 'null') return () => null;
  const { text } = writerOf(type, vector);
  const { validity } = vector;
  return (at) => (validity === null || isBitSet(validity, at) ? text(at) : null);
}

const bare = (write: (at: number) => string): ValueWriter => ({ json: write, text: write });
/** For texts of which none needs an escape. */
const plain = (text: (at: number) => string): ValueWriter => ({ json: (at) => `"${text(at)}"`, text });

function writerOf(type: SqlType, vector: SqlVector): ValueWriter {
  const { data } = vector;
  switch (type.kind) {
    case 'boolean':
      return bare((at) => (isBitSet(data, at) ? 'true' : 'false'));
    case 'integer':
      return bare(integerReader(data, type.bits, type.signed));
    case 'float':
      return float(aligned(data, Float32Array), floatText);
    case 'double':
      return float(aligned(data, Float64Array), String);
    case 'decimal': {
      const words = aligned(data, BigInt64Array);
      return bare((at) => decimalText(wideAt(words, at), type.scale));
    }
    case 'text': {
      const text = textReader(vector);
      return { json: (at) => JSON.stringify(text(at)), text };
    }
    case 'json': {
      const text = textReader(vector);
      // A line break of JSON text stands between its tokens, and would end a line of NDJSON.
      return bare((at) => text(at).replace(/[\r\n]+/g, ' '));
    }
    case 'enum': {
      const indices = aligned(data, Int32Array);
      const text = (at: number) => type.values[indices[at] ?? 0] ?? '';
      return { json: (at) => JSON.stringify(text(at)), text };
    }
    default:
      return otherWriter(type, vector);
  }
}

function otherWriter(type: SqlType, vector: SqlVector): ValueWriter {
  const { data } = vector;
  switch (type.kind) {
    case 'blob': {
      const [bytes, offsets] = [bufferOf(data), vector.offsets ?? new Int32Array(1)];
      return plain((at) => bytes.toString('base64', offsets[at] ?? 0, offsets[at + 1] ?? 0));
    }
    case 'uuid': {
      const bytes = bufferOf(data);
      return plain((at) => {
        const hex = bytes.toString('hex', at * 16, at * 16 + 16);
        return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
      });
    }
    case 'date': {
      const days = aligned(data, Int32Array);
      return plain((at) => dateText(days[at] ?? 0));
    }
    case 'time': {
      const micros = aligned(data, BigInt64Array);
      return plain((at) => clockText(micros[at] ?? 0n, 6));
    }
    case 'timestamp': {
      const counts = aligned(data, BigInt64Array);
      const digits = { s: 0, ms: 3, us: 6, ns: 9 }[type.unit];
      const zone = type.zoned ? 'Z' : '';
      return plain((at) => momentText(counts[at] ?? 0n, digits, zone));
    }
    case 'interval': {
      const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
      return plain((at) =>
        intervalText(
          view.getInt32(at * 16, true),
          view.getInt32(at * 16 + 4, true),
          view.getBigInt64(at * 16 + 8, true),
        ),
      );
    }
    default:
      return bare(nestedWriter(type, vector));
  }
}

function nestedWriter(type: SqlType, vector: SqlVector): (at: number) => string {
  const [first] = vector.children;
  if (type.kind === 'struct') {
    const fields = type.fields.map((field, index) => {
      const write = jsonWriter(field.type, vector.children[index] as SqlVector);
      return { name: JSON.stringify(field.name), write };
    });
    return (at) => `{${fields.map(({ name, write }) => `${name}:${write(at)}`).join(',')}}`;
  }
  if (type.kind === 'list') {
    const write = jsonWriter(type.element, first as SqlVector);
    const { size } = type;
    const { offsets } = vector;
    return (at) => {
      const from = size === null ? (offsets?.[at] ?? 0) : at * size;
      const to = size === null ? (offsets?.[at + 1] ?? 0) : from + size;
      return `[${Array.from({ length: to - from }, (_, index) => write(from + index)).join(',')}]`;
    };
  }
  if (type.kind === 'map') {
    const [keys, values] = (first as SqlVector).children;
    const key = jsonWriter(type.key, keys as SqlVector);
    const value = jsonWriter(type.value, values as SqlVector);
    const { offsets } = vector;
    return (at) => {
      const from = offsets?.[at] ?? 0;
      const length = (offsets?.[at + 1] ?? 0) - from;
      const entries = Array.from({ length }, (_, index) => `[${key(from + index)},${value(from + index)}]`);
      return `[${entries.join(',')}]`;
    };
  }
  return () => 'null';
}

function integerReader(data: Uint8Array, bits: number, signed: boolean): (at: number) => string {
  if (bits === 64) {
    const numbers = signed ? aligned(data, BigInt64Array) : aligned(data, BigUint64Array);
    return (at) => String(numbers[at] ?? 0n);
  }
  const ArrayType = signed
    ? { 8: Int8Array, 16: Int16Array, 32: Int32Array }[bits]
    : { 8: Uint8Array, 16: Uint16Array, 32: Uint32Array }[bits];
  const numbers = aligned<ArrayLike<number>>(data, (ArrayType ?? Int32Array) as typeof Int32Array);
  return (at) => String(numbers[at] ?? 0);
}

/** JSON has no word for NaN and the infinities: they are strings there. */
function float(numbers: ArrayLike<number>, write: (value: number) => string): ValueWriter {
  const text = (at: number) => write(numbers[at] ?? 0);
  return { json: (at) => (Number.isFinite(numbers[at]) ? text(at) : `"${text(at)}"`), text };
}

/** The shortest digits that give the same 32-bit number again. */
function floatText(value: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const text = Number(value.toPrecision(digits));
    if (Math.fround(text) === value) return String(text);
  }
  return String(Number(value.toPrecision(9)));
}

function textReader({ data, offsets }: SqlVector): (at: number) => string {
  const bytes = bufferOf(data);
  return (at) => bytes.toString('utf8', offsets?.[at] ?? 0, offsets?.[at + 1] ?? 0);
}

function bufferOf(data: Uint8Array): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}
