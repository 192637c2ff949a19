import type { DbType } from '../dataset/db-type.ts';
import { type Json, JsonArray, JsonNumber, JsonObject, kindOfJson, writeJson } from './json.ts';
import { readDate, readTime, readTimestamp } from './time.ts';
import type { Value } from './value.ts';

/** Why a value cannot be taken; `message` completes "NAME …". */
export class Invalid {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

const INTEGER_RANGES = {
  BIGINT: [-(2n ** 63n), 2n ** 63n - 1n],
  INTEGER: [-(2n ** 31n), 2n ** 31n - 1n],
  SMALLINT: [-(2n ** 15n), 2n ** 15n - 1n],
} as const;

const UUID = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/;
const NUMBER_PARTS = /^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]{1,6}))?$/;

/** The one rule of what a JSON value means for a storage type. Null is a value here; `required` is asked elsewhere. */
export function readJsonValue(type: DbType, json: Json): Value | Invalid {
  if (json === null) return null;
  switch (type.name) {
    case 'BOOLEAN':
      return typeof json === 'boolean' ? json : expected('true or false', json);
    case 'BIGINT':
    case 'INTEGER':
    case 'SMALLINT':
      return json instanceof JsonNumber ? readInteger(type.name, json.text) : expected('an integer', json);
    case 'DOUBLE':
      return json instanceof JsonNumber ? readDouble(json.text) : expected('a number', json);
    case 'DECIMAL':
      return json instanceof JsonNumber ? readDecimal(type, json.text) : expected('a number', json);
    case 'JSON':
      return json instanceof JsonArray || json instanceof JsonObject
        ? readJsonTree(json)
        : expected('an array or an object', json);
    default:
      return typeof json === 'string' ? readText(type, json) : expected('a string', json);
  }
}

/** The same for text whose type the column gives, as in CSV. */
export function readTextValue(type: DbType, text: string, parse: (text: string) => Json): Value | Invalid {
  switch (type.name) {
    case 'BOOLEAN':
      return text === 'true' ? true : text === 'false' ? false : new Invalid('must be true or false');
    case 'BIGINT':
    case 'INTEGER':
    case 'SMALLINT':
      return readInteger(type.name, text);
    case 'DOUBLE':
      return readDouble(text);
    case 'DECIMAL':
      return readDecimal(type, text);
    case 'JSON':
      try {
        return readJsonValue(type, parse(text));
      } catch (error) {
        return new Invalid(`must be JSON: ${error instanceof Error ? error.message : String(error)}`);
      }
    default:
      return readText(type, text);
  }
}

function readText(type: DbType, text: string): Value | Invalid {
  switch (type.name) {
    case 'DATE':
      return readDate(text) ?? new Invalid('must be a date like 2024-01-31');
    case 'TIME':
      return readTime(text) ?? new Invalid('must be a time like 10:30:00 with at most six digits of fraction');
    case 'TIMESTAMP':
      return (
        readTimestamp(text) ??
        new Invalid('must be an ISO 8601 timestamp like 2024-01-31T10:30:00Z with at most six digits of fraction')
      );
    case 'UUID':
      return UUID.test(text)
        ? text.toLowerCase()
        : new Invalid('must be a UUID like 0190a6c2-1b7e-7cc3-9d2f-5e8f3c1a2b4d');
    default:
      return isText(text) ? text : new Invalid('must not hold U+0000 or a lone surrogate');
  }
}

function isText(text: string): boolean {
  return text.isWellFormed() && !text.includes('\u0000');
}

function expected(what: string, json: Json): Invalid {
  return new Invalid(`must be ${what}, not ${kindOfJson(json)}`);
}

/** How deep a value may nest: less than a whole body may, so that the frame round it makes no difference. */
const MAX_TREE_DEPTH = 60;

function readJsonTree(json: JsonArray | JsonObject): string | Invalid {
  if (isDeeper(json, MAX_TREE_DEPTH)) return new Invalid(`must nest at most ${MAX_TREE_DEPTH} deep`);
  const repeated = repeatedMember(json);
  return repeated === null ? writeJson(json) : new Invalid(`names the member "${repeated}" twice`);
}

function isDeeper(json: Json, depth: number): boolean {
  if (json instanceof JsonArray) return depth === 0 || json.items.some((item) => isDeeper(item, depth - 1));
  if (json instanceof JsonObject) return depth === 0 || json.members.some(({ value }) => isDeeper(value, depth - 1));
  return false;
}

/** The first member name that an object, at any depth, has twice. */
function repeatedMember(json: Json): string | null {
  if (json instanceof JsonArray) {
    for (const item of json.items) {
      const repeated = repeatedMember(item);
      if (repeated !== null) return repeated;
    }
  } else if (json instanceof JsonObject) {
    const seen = new Set<string>();
    for (const { name, value } of json.members) {
      if (seen.has(name)) return name;
      seen.add(name);
      const repeated = repeatedMember(value);
      if (repeated !== null) return repeated;
    }
  }
  return null;
}

/** A decimal number as digits and a power of ten, or null where the text is no number. */
function digitsOf(text: string): { negative: boolean; digits: string; exponent: number } | null {
  const parts = NUMBER_PARTS.exec(text);
  if (!parts) return null;
  const [, sign = '', whole = '', fraction = '', power = '0'] = parts;
  if (whole === '' && fraction === '') return null;
  const digits = (whole + fraction).replace(/^0+/, '');
  const trimmed = digits.replace(/0+$/, '');
  return {
    negative: sign === '-' && trimmed !== '',
    digits: trimmed,
    exponent: trimmed === '' ? 0 : Number(power) - fraction.length + (digits.length - trimmed.length),
  };
}

/** Most integers, and none that a double cannot hold. */
const SHORT_INTEGER = /^-?[0-9]{1,15}$/;

function readInteger(name: keyof typeof INTEGER_RANGES, text: string): Value | Invalid {
  const value = SHORT_INTEGER.test(text) ? Number(text) : integerOf(text);
  if (value === null) return new Invalid('must be an integer');
  const [least, most] = INTEGER_RANGES[name];
  if (value < least || value > most) return new Invalid(`must lie between ${least} and ${most} (${name})`);
  if (name === 'BIGINT') return BigInt(value);
  return Number(value) + 0;
}

/** The integer that a number is, however it is written; null where it is none, and too large where it has very many digits. */
function integerOf(text: string): bigint | null {
  const number = digitsOf(text);
  if (number === null || number.exponent < 0) return null;
  if (number.digits === '') return 0n;
  const length = Math.min(number.digits.length + number.exponent, MOST_DIGITS + 1);
  const magnitude = BigInt(number.digits.padEnd(length, '0').slice(0, length));
  return number.negative ? -magnitude : magnitude;
}

/** The digits of the largest integer that any type holds. */
const MOST_DIGITS = 19;

function readDouble(text: string): Value | Invalid {
  if (!NUMBER_PARTS.test(text) || !/[0-9]/.test(text)) return new Invalid('must be a number');
  const value = Number(text);
  if (!Number.isFinite(value)) return new Invalid('must be a finite number (DOUBLE)');
  return value === 0 ? 0 : value;
}

function readDecimal(type: DbType & { name: 'DECIMAL' }, text: string): Value | Invalid {
  const number = digitsOf(text);
  if (number === null) return new Invalid('must be a number');
  const places = Math.max(0, -number.exponent);
  if (number.digits !== '' && places > type.scale) {
    return new Invalid(`must have at most ${type.scale} decimal places (DECIMAL(${type.precision},${type.scale}))`);
  }
  const wholeDigits = number.digits === '' ? 0 : number.digits.length + number.exponent;
  if (wholeDigits > type.precision - type.scale) {
    return new Invalid(
      `must have at most ${type.precision - type.scale} digits before the point (DECIMAL(${type.precision},${type.scale}))`,
    );
  }
  const scaled = number.digits === '' ? '0' : number.digits + '0'.repeat(number.exponent + type.scale);
  const padded = scaled.padStart(type.scale + 1, '0');
  const whole = padded.slice(0, padded.length - type.scale);
  const fraction = padded.slice(padded.length - type.scale);
  return `${number.negative ? '-' : ''}${whole}${type.scale > 0 ? `.${fraction}` : ''}`;
}

/**
 * The order of two values of one type, nulls aside: numbers by size, text by code point, false before true.
 * @returns negative, 0 or positive
 */
export function compareValues(type: DbType, a: Exclude<Value, null>, b: Exclude<Value, null>): number {
  switch (type.name) {
    case 'DECIMAL':
      return compareNumbers(unscaled(a as string), unscaled(b as string));
    case 'VARCHAR':
    case 'JSON':
    case 'UUID':
    case 'DATE':
      return compareText(a as string, b as string);
    case 'TIME':
    case 'TIMESTAMP':
      return compareText((a as string).replace('Z', ''), (b as string).replace('Z', ''));
    default:
      return compareNumbers(a as number, b as number);
  }
}

function unscaled(decimal: string): bigint {
  return BigInt(decimal.replace('.', ''));
}

function compareNumbers<T extends number | bigint | boolean>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Orders two strings by code point; JavaScript's own `<` goes by UTF-16 unit, which differs past U+FFFF. */
function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const x = a.charCodeAt(at);
    const y = b.charCodeAt(at);
    if (x !== y) return codePointRank(x) - codePointRank(y);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above all others, so they are ranked above U+E000 … U+FFFF. */
function codePointRank(unit: number): number {
  return unit >= 0xe000 ? unit - 0x800 : unit >= 0xd800 ? unit + 0x2000 : unit;
}
