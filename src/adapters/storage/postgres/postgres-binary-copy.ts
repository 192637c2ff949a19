import type { DbType } from '#domain/dataset/db-type.ts';
import type { Value } from '#domain/record/value.ts';
import { daysOf, microsOf, timeMicrosOf } from '#formats/columns/temporal.ts';

type Known = Exclude<Value, null>;

/** Writes one field, its length before it. */
export type FieldWriter = (out: BinaryCopy, value: Value) => void;

const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const BLOCK_BYTES = 256 * 1024;
const TWO_32 = 2 ** 32;

/** The server counts days and microseconds from the first day of 2000. */
const EPOCH_DAYS = daysOf('2000-01-01');
const EPOCH_MICROS = Date.UTC(2000, 0, 1) * 1000;

/**
 * Rows in the binary form of COPY: a header, then each row as the count of its fields and each field as its length and
 * bytes in network order (PostgreSQL, "COPY", File Formats; the bytes of a type are those of its `…send` function).
 */
export class BinaryCopy {
  #bytes = Buffer.allocUnsafe(BLOCK_BYTES);
  #length = 0;

  constructor() {
    this.raw(SIGNATURE);
    this.int32(0);
    this.int32(0);
  }

  get isFull(): boolean {
    return this.#length >= BLOCK_BYTES / 2;
  }

  /** What was written since it was last taken. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#bytes = Buffer.allocUnsafe(BLOCK_BYTES);
    this.#length = 0;
    return taken;
  }

  /** What comes behind the last row. */
  end(): Buffer {
    this.int16(-1);
    return this.take();
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  int8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  int16(value: number): void {
    this.#reserve(2);
    this.#length = this.#bytes.writeInt16BE(value, this.#length);
  }

  int32(value: number): void {
    this.#reserve(4);
    this.#length = this.#bytes.writeInt32BE(value, this.#length);
  }

  int64(value: number | bigint): void {
    this.#reserve(8);
    if (typeof value === 'bigint') {
      this.#length = this.#bytes.writeBigInt64BE(value, this.#length);
      return;
    }
    const high = Math.floor(value / TWO_32);
    this.#length = this.#bytes.writeInt32BE(high, this.#length);
    this.#length = this.#bytes.writeUInt32BE(value - high * TWO_32, this.#length);
  }

  float64(value: number): void {
    this.#reserve(8);
    this.#length = this.#bytes.writeDoubleBE(value, this.#length);
  }

  /** The length of a text in UTF-8, and the text. */
  text(value: string): void {
    this.#reserve(4 + 3 * value.length);
    const written = this.#bytes.write(value, this.#length + 4);
    this.#bytes.writeInt32BE(written, this.#length);
    this.#length += 4 + written;
  }

  hex(digits: string): void {
    this.#reserve(digits.length / 2);
    this.#length += this.#bytes.write(digits, this.#length, 'hex');
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, this.#length + bytes));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

/** Writes canonical values of a type. */
export function fieldWriter(type: DbType): FieldWriter {
  const write = knownWriter(type);
  return (out, value) => {
    if (value === null) out.int32(-1);
    else write(out, value);
  };
}

function knownWriter(type: DbType): (out: BinaryCopy, value: Known) => void {
  switch (type.name) {
    case 'BOOLEAN':
      return fixed(1, (out, value) => out.int8(value ? 1 : 0));
    case 'SMALLINT':
      return fixed(2, (out, value) => out.int16(value as number));
    case 'INTEGER':
      return fixed(4, (out, value) => out.int32(value as number));
    case 'BIGINT':
      return fixed(8, (out, value) => out.int64(value as bigint));
    case 'DOUBLE':
      return fixed(8, (out, value) => out.float64(value as number));
    case 'DATE':
      return fixed(4, (out, value) => out.int32(daysOf(value as string) - EPOCH_DAYS));
    case 'TIME':
      return fixed(8, (out, value) => out.int64(timeMicrosOf(value as string)));
    case 'TIMESTAMP':
      return fixed(8, (out, value) => out.int64(sinceEpoch(value as string)));
    case 'UUID':
      return fixed(16, (out, value) => out.hex((value as string).replaceAll('-', '')));
    case 'DECIMAL':
      return (out, value) => writeDecimal(out, value as string);
    case 'VARCHAR':
    case 'JSON':
      return (out, value) => out.text(value as string);
  }
}

function fixed(bytes: number, write: (out: BinaryCopy, value: Known) => void) {
  return (out: BinaryCopy, value: Known) => {
    out.int32(bytes);
    write(out, value);
  };
}

/** Microseconds of a canonical timestamp, as the server counts them. */
export function sinceEpoch(timestamp: string): number | bigint {
  const micros = microsOf(timestamp);
  return typeof micros === 'bigint' ? micros - BigInt(EPOCH_MICROS) : micros - EPOCH_MICROS;
}

const MINUS = 0x4000;
const DIGITS = 4;

/** Digits of base 10 000, the power of the first, the sign, and the places behind the point (`numeric_send`). */
function writeDecimal(out: BinaryCopy, decimal: string): void {
  const isNegative = decimal.startsWith('-');
  const [whole = '', places = ''] = (isNegative ? decimal.slice(1) : decimal).split('.');
  const before = Math.ceil(whole.length / DIGITS);
  const after = Math.ceil(places.length / DIGITS);
  const digits = whole.padStart(before * DIGITS, '0') + places.padEnd(after * DIGITS, '0');
  let [first, last] = [0, before + after];
  const digitAt = (at: number) => Number(digits.slice(at * DIGITS, (at + 1) * DIGITS));
  while (first < last && digitAt(first) === 0) first++;
  while (last > first && digitAt(last - 1) === 0) last--;
  const count = last - first;
  out.int32(2 * (DIGITS + count));
  out.int16(count);
  out.int16(count === 0 ? 0 : before - 1 - first);
  out.int16(isNegative ? MINUS : 0);
  out.int16(places.length);
  for (let at = first; at < last; at++) out.int16(digitAt(at));
}
