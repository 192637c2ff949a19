import { createHash } from 'node:crypto';
import { JsonNumber, JsonObject, parseJson } from '#domain/record/json.ts';

/** The highest value of a field that has been read, and which rows had it, since others with it may come later. */
export interface Boundary {
  /** Digits of a number, or a text. */
  readonly value: string;
  readonly isNumber: boolean;
  /** Fingerprints of the rows that had it. */
  readonly seen: readonly string[];
}

export type FieldValue = Pick<Boundary, 'value' | 'isNumber'>;

const LINE_FEED = 0x0a;

/**
 * Lets pass the rows, lines of JSON, that lie behind the boundary of the run before, and finds the boundary of this one.
 * A source that is asked from a value on gives the rows with that value once more: those that were there are left out.
 */
export class IncrementalFilter {
  readonly #field: string;
  readonly #from: Boundary | null;
  readonly #known: ReadonlySet<string>;
  #high: FieldValue | null;
  /** Rows with the highest value, and the fingerprints of those that an earlier part of the run had. */
  #rowsAtHigh: string[] = [];
  #seenAtHigh: readonly string[];

  /** @param high the boundary that this run has reached already, where it goes on */
  constructor(field: string, from: Boundary | null, high: Boundary | null) {
    this.#field = field;
    this.#from = from;
    this.#known = new Set(from?.seen);
    this.#high = high ?? from;
    this.#seenAtHigh = (high ?? from)?.seen ?? [];
  }

  get boundary(): Boundary | null {
    if (this.#high === null) return null;
    const { value, isNumber } = this.#high;
    return { value, isNumber, seen: [...new Set([...this.#seenAtHigh, ...this.#rowsAtHigh.map(fingerprint)])] };
  }

  /** The lines that are new. */
  take(lines: Uint8Array): Uint8Array {
    const buffer = Buffer.from(lines.buffer, lines.byteOffset, lines.byteLength);
    const kept: Uint8Array[] = [];
    for (let start = 0; start < buffer.length; ) {
      const feed = buffer.indexOf(LINE_FEED, start);
      const end = feed < 0 ? buffer.length : feed + 1;
      if (this.#takeLine(buffer.toString('utf8', start, feed < 0 ? end : feed))) kept.push(buffer.subarray(start, end));
      start = end;
    }
    return kept.length === 1 && kept[0]?.length === lines.length ? lines : Buffer.concat(kept);
  }

  #takeLine(line: string): boolean {
    const value = fieldOf(line, this.#field);
    if (value === null) return true;
    if (this.#from !== null) {
      const order = compareValues(value, this.#from);
      if (order < 0 || (order === 0 && this.#known.has(fingerprint(line)))) return false;
    }
    const order = this.#high === null ? 1 : compareValues(value, this.#high);
    if (order > 0) {
      this.#high = value;
      this.#rowsAtHigh = [];
      this.#seenAtHigh = [];
    }
    if (order >= 0) this.#rowsAtHigh.push(line);
    return true;
  }
}

function fingerprint(row: string): string {
  return createHash('sha256').update(row.trim()).digest('base64url').slice(0, 22);
}

/** The value of a field of a row; null where it has none that can be compared. What is no JSON is for others to tell. */
function fieldOf(line: string, field: string): FieldValue | null {
  let row: unknown;
  try {
    row = JSON.parse(line);
  } catch {
    return null;
  }
  const value = (row as Readonly<Record<string, unknown>> | null)?.[field];
  if (typeof value === 'string') return { value, isNumber: false };
  if (typeof value !== 'number') return null;
  return {
    value: Number.isInteger(value) && !Number.isSafeInteger(value) ? exactDigits(line, field) : String(value),
    isNumber: true,
  };
}

function exactDigits(line: string, field: string): string {
  const row = parseJson(line);
  const value = row instanceof JsonObject ? row.get(field) : null;
  return value instanceof JsonNumber ? value.text : '0';
}

/** Numbers by their size, texts by their characters. */
export function compareValues(a: FieldValue, b: FieldValue): number {
  if (!a.isNumber || !b.isNumber) return a.value < b.value ? -1 : Number(a.value > b.value);
  const areWhole = /^-?\d+$/.test(a.value) && /^-?\d+$/.test(b.value);
  const [x, y] = areWhole ? [BigInt(a.value), BigInt(b.value)] : [Number(a.value), Number(b.value)];
  return x < y ? -1 : Number(x > y);
}
