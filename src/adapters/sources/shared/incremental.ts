import { createHash } from 'node:crypto';
import { DataForgeError } from '#domain/errors.ts';
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
  readonly #compare: typeof compareValues;
  readonly #isWanted: ((value: FieldValue) => boolean) | null;

  /**
   * @param high the boundary that this run has reached already, where it goes on
   * @param order whether the rows come as they come, or in the order that the source itself gives to the values
   * @param isWanted which values are read besides; rows without a value are not where it is given
   */
  constructor(
    field: string,
    from: Boundary | null,
    high: Boundary | null,
    order: 'any' | 'ascending' = 'any',
    isWanted: ((value: FieldValue) => boolean) | null = null,
  ) {
    this.#isWanted = isWanted;
    this.#compare = order === 'any' ? compareValues : compareAscending;
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

  /**
   * The lines that are new.
   * @throws DataForgeError `source_failed` where rows that are to come in order do not
   */
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
    if (value === null) return this.#isWanted === null;
    if (this.#isWanted?.(value) === false) return false;
    if (this.#from !== null) {
      const order = this.#compare(value, this.#from);
      if (order < 0 || (order === 0 && this.#known.has(fingerprint(line)))) return false;
    }
    const order = this.#high === null ? 1 : this.#compare(value, this.#high);
    if (order < 0 && this.#compare === compareAscending) throw outOfOrder(this.#field);
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

/** Numbers by their size, moments by their time, other texts by their characters. */
export function compareValues(a: FieldValue, b: FieldValue): number {
  if (!a.isNumber || !b.isNumber) return compareMoments(a, b) ?? (a.value < b.value ? -1 : Number(a.value > b.value));
  const areWhole = /^-?\d+$/.test(a.value) && /^-?\d+$/.test(b.value);
  const [x, y] = areWhole ? [BigInt(a.value), BigInt(b.value)] : [Number(a.value), Number(b.value)];
  return x < y ? -1 : Number(x > y);
}

/** Where a source orders texts, it does so by rules of its own; another value can only be a later one. */
function compareAscending(a: FieldValue, b: FieldValue): number {
  if (a.value === b.value) return 0;
  return a.isNumber && b.isNumber ? compareValues(a, b) : (compareMoments(a, b) ?? 1);
}

const MOMENT = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d+))?(Z|[+-]\d{2}:\d{2})$/;

/** Whether a text is a time with its zone. */
export function isMoment(text: string): boolean {
  return MOMENT.test(text);
}

/** Two times may be written with other zones and with more or fewer digits; null where they are no times. */
function compareMoments(a: FieldValue, b: FieldValue): number | null {
  const [left, right] = [MOMENT.exec(a.value), MOMENT.exec(b.value)];
  if (left === null || right === null) return null;
  const [x, y] = [left, right].map(([, whole, , zone]) => Date.parse(`${whole}${zone}`)) as [number, number];
  if (x !== y) return x < y ? -1 : 1;
  const digits = Math.max(left[2]?.length ?? 0, right[2]?.length ?? 0);
  const [p, q] = [(left[2] ?? '').padEnd(digits, '0'), (right[2] ?? '').padEnd(digits, '0')];
  return p < q ? -1 : Number(p > q);
}

/** Whether every source has the same order for values like this: numbers, dates and times, and not texts. */
export function isOrderedEverywhere({ value, isNumber }: Boundary): boolean {
  return isNumber || MOMENT.test(value) || /^\d{4}-\d{2}-\d{2}$/.test(value);
}

function outOfOrder(field: string): DataForgeError {
  const message = `The source does not give its rows in the order of ${field}, as it was asked to, so that nobody can tell which are new.`;
  return new DataForgeError('source_failed', message, { retryable: true });
}
