import type { Fault } from '../errors.ts';
import { type Json, JsonArray, JsonNumber, type JsonObject, kindOfJson } from '../record/json.ts';
import { didYouMean } from '../text/suggest.ts';

/** One more step of a JSON Pointer (RFC 6901). */
export function pointerTo(parent: string, key: string | number): string {
  return `${parent}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** Reads the members of an object from a file and notes every fault instead of stopping at the first. */
export class ObjectReader {
  readonly pointer: string;
  readonly #object: JsonObject;
  readonly #subject: string;
  readonly #faults: Fault[];

  /** `subject` begins the messages: `The dataset`, `Property "x"`. Members not in `known` are faults. */
  constructor(object: JsonObject, pointer: string, subject: string, known: readonly string[], faults: Fault[]) {
    this.#object = object;
    this.pointer = pointer;
    this.#subject = subject;
    this.#faults = faults;
    const seen = new Set<string>();
    for (const { name } of object.members) {
      if (seen.has(name)) this.fault(name, `${subject} has "${name}" twice; keep one of them`);
      else if (!known.includes(name)) {
        this.fault(name, `${subject} may not have "${name}"${didYouMean(name, known)}; known are ${known.join(', ')}`);
      }
      seen.add(name);
    }
  }

  fault(key: string | null, message: string): void {
    this.#faults.push({ pointer: key === null ? this.pointer : pointerTo(this.pointer, key), message });
  }

  /** The same for a place inside a member, given as a relative pointer like `enum/0`. */
  faultBelow(path: string, message: string): void {
    this.#faults.push({ pointer: `${this.pointer}/${path}`, message });
  }

  /** The member, or undefined where it is absent or null. */
  raw(key: string): Exclude<Json, null> | undefined {
    return this.#object.get(key) ?? undefined;
  }

  text(key: string): string | undefined {
    const json = this.raw(key);
    if (json === undefined || typeof json === 'string') return json;
    const quoted = json instanceof JsonNumber ? `; put it in quotes: "${json.text}"` : '';
    return this.#wrong(key, `must be a text, not ${kindOfJson(json)}${quoted}`);
  }

  flag(key: string): boolean {
    const json = this.raw(key);
    if (json === undefined || typeof json === 'boolean') return json ?? false;
    this.#wrong(
      key,
      `must be true or false, not ${typeof json === 'string' ? `the text "${json}"` : kindOfJson(json)}`,
    );
    return false;
  }

  /** A whole number from 0. */
  count(key: string): number | null {
    const json = this.raw(key);
    if (json === undefined) return null;
    const value = json instanceof JsonNumber ? Number(json.text) : Number.NaN;
    if (Number.isSafeInteger(value) && value >= 0) return value;
    this.#wrong(
      key,
      `must be a whole number from 0, like 10, not ${json instanceof JsonNumber ? json.text : kindOfJson(json)}`,
    );
    return null;
  }

  oneOf<T extends string>(key: string, words: readonly T[]): T | undefined {
    const text = this.text(key);
    if (text === undefined) return undefined;
    const word = words.find((candidate) => candidate === text);
    return (
      word ?? this.#wrong(key, `"${text}" is not known${didYouMean(text, words)}; write one of ${words.join(', ')}`)
    );
  }

  list(key: string, example: string): readonly Json[] | undefined {
    const json = this.raw(key);
    if (json === undefined) return undefined;
    if (json instanceof JsonArray) return json.items;
    return this.#wrong(key, `must be a list, not ${kindOfJson(json)}; write ${example}`);
  }

  #wrong(key: string, message: string): undefined {
    this.fault(key, `${this.#subject}: ${key} ${message}`);
    return undefined;
  }
}
