import { DataForgeError } from '#domain/errors.ts';
import { locatorOf } from '#domain/record/id.ts';

const ID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g;

/** A whole number with a place behind the point that says nothing. */
const WHOLE = /(?<![\w.])(-?\d+)\.0(?![\w.-])/g;

/** Numbers that an engine may write with an exponent or without. */
const NUMBER = /(?<![\w.])-?(?:\d+(?:\.\d+)?[eE][+-]?\d+|\d{18,}(?![\d.])|0\.0000\d+)(?![\w.-])/g;

/** A list whose order says nothing. */
export class Unordered {
  readonly items: readonly unknown[];

  constructor(items: readonly unknown[]) {
    this.items = items;
  }
}

/** What one engine drew of itself, its ids and the times of its commits, under names that are the same on every engine. */
export class Naming {
  readonly #names = new Map<string, string>();
  readonly #real = new Map<string, string>();

  /** Takes in what the feed tells: an id is named by the number its record was born with, a time by the first of its commit. */
  learn(change: { readonly seq: number; readonly op: string; readonly id: string; readonly changed_at: string }): void {
    const { seq, op, id, changed_at: at } = change;
    if (op === 'create' && locatorOf(id) === seq) this.#name(id, `id@${seq}`);
    this.#name(at, `time@${seq}`);
  }

  /** Anything an engine answers, with names for what it drew; errors as what they say. */
  named(value: unknown): unknown {
    if (typeof value === 'string') return this.#text(value);
    if (typeof value === 'bigint') return `${value}n`;
    if (value instanceof Uint8Array) return this.#text(Buffer.from(value).toString());
    if (value instanceof DataForgeError) {
      const { code, message, faults, details, retryable } = value;
      return { error: code, ...(this.named({ message, faults, details, retryable }) as object) };
    }
    if (value instanceof Error) throw value;
    if (Array.isArray(value)) return value.map((item) => this.named(item));
    if (typeof value !== 'object' || value === null) return value;
    if (value instanceof Unordered) return value.items.map((item) => JSON.stringify(this.named(item))).toSorted();
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.named(item)]));
  }

  /** What the engine calls something that has a name. */
  real(name: string): string {
    return this.#real.get(name) ?? name;
  }

  #name(real: string, name: string): void {
    if (this.#names.has(real)) return;
    this.#names.set(real, name);
    this.#real.set(name, real);
  }

  #text(text: string): string {
    const named = (found: string) => this.#names.get(found) ?? found;
    return text.replace(ID, named).replace(TIME, named).replace(WHOLE, '$1').replace(NUMBER, evenly);
  }
}

/** A number as its digits and a power of ten, exactly: `1e+21`, `1e21` and `1000000000000000000000` are one. */
function evenly(number: string): string {
  const [, sign, whole = '', fraction = '', power = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(number) ?? [];
  const digits = (whole + fraction).replace(/^0+(?=.)/, '');
  const short = fraction === '' ? digits.replace(/0+$/, '') : digits;
  return `${sign}${short}e${Number(power) - fraction.length + digits.length - short.length}`;
}
