import type { Dataset } from '#domain/dataset/dataset.ts';
import type { DbType } from '#domain/dataset/db-type.ts';
import { parseJson } from '#domain/record/json.ts';
import type { RowValidator } from '#domain/record/validate-row.ts';
import type { Row, Value } from '#domain/record/value.ts';
import { Invalid, readTextValue } from '#domain/record/value-rules.ts';

/** The values of a row, or null where only the exact rule can tell what the text means. */
export type ReadQuickly = (text: string) => Row | null;

/** What stands for "not sure" among values; never leaves this file. */
const UNSURE = Symbol('unsure');

/** A number of so many digits may have more than a floating-point number keeps; the name before it says whose it is. */
const LONG = 16;
const LONG_MEMBER = /"([^"]*)"\s*:\s*-?[0-9.]{16}/g;

const TINY = /[eE]-/;

const POINT = 0x2e;
const NINE = 0x39;
const QUOTE = 0x22;

/**
 * Reads the plain case of a JSON object with the engine's own parser: members that are properties, each once, texts with
 * no escape, numbers of few digits, nothing nested, every rule kept. Of all else it is not sure. So what it tells is what
 * the exact rule would tell, several times as fast.
 */
export function quickRowReader(validator: RowValidator): ReadQuickly {
  const { dataset } = validator;
  const readers = new Map(
    dataset.properties.map(({ name, dbType }, index) => [name, { index, read: readerOf(dbType) }]),
  );
  const defaults = defaultsOf(dataset);
  const keepsEveryDigit = (name: string) =>
    dataset.properties[readers.get(name)?.index ?? -1]?.dbType.name !== 'DOUBLE';
  return (text) => {
    const object = text.includes('\\') ? null : parsePlain(text);
    if (object === null) return null;
    const row = defaults.slice();
    let texts = 0;
    let hasZero = false;
    for (const name in object) {
      const reader = readers.get(name);
      if (reader === undefined) return null;
      const given = object[name];
      texts += typeof given === 'string' ? 2 : 1;
      if (given === 0) hasZero = true;
      const value = given === null ? null : reader.read(given);
      if (value === UNSURE) return null;
      row[reader.index] = value as Value;
    }
    // Zero may be a number too small to be told from it.
    if (hasZero && TINY.test(text)) return null;
    // A member that is named twice has two names in the text and one in the object.
    const quotes = countQuotes(text);
    if ((quotes < 0 ? ~quotes : quotes) !== 2 * texts) return null;
    if (quotes < 0) {
      for (const [, name = ''] of text.matchAll(LONG_MEMBER)) if (keepsEveryDigit(name)) return null;
    }
    return validator.check(row, '').length === 0 ? row : null;
  };
}

function defaultsOf({ properties }: Dataset): Value[] {
  return properties.map((property) => property.default);
}

/** How many quotes a text has; the complement of that number where there is a run of many digits. */
function countQuotes(text: string): number {
  let quotes = 0;
  let digits = 0;
  let isLong = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code <= NINE && code >= POINT) {
      if (++digits === LONG) isLong = true;
      continue;
    }
    digits = 0;
    if (code === QUOTE) quotes++;
  }
  return isLong ? ~quotes : quotes;
}

function parsePlain(text: string): Record<string, unknown> | null {
  try {
    const parsed: unknown = JSON.parse(text);
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
    return isObject ? (parsed as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** The canonical value of a parsed one that is not null. */
function readerOf(type: DbType): (given: unknown) => Value | typeof UNSURE {
  switch (type.name) {
    case 'VARCHAR':
      return (given) => (typeof given === 'string' ? given : UNSURE);
    case 'BOOLEAN':
      return (given) => (typeof given === 'boolean' ? given : UNSURE);
    case 'DOUBLE':
      return (given) => (typeof given === 'number' && Number.isFinite(given) ? given + 0 : UNSURE);
    case 'BIGINT':
      return (given) => (Number.isSafeInteger(given) ? BigInt(given as number) : UNSURE);
    case 'INTEGER':
      return integerReader(2 ** 31);
    case 'SMALLINT':
      return integerReader(2 ** 15);
    case 'DECIMAL':
      return decimalReader(type);
    case 'JSON':
      return () => UNSURE;
    default:
      return (given) => (typeof given === 'string' ? readText(type, given) : UNSURE);
  }
}

function integerReader(bound: number): (given: unknown) => Value | typeof UNSURE {
  return (given) => {
    const fits = Number.isInteger(given) && (given as number) >= -bound && (given as number) < bound;
    return fits ? (given as number) + 0 : UNSURE;
  };
}

/** Of so few digits a number is the decimal that was written. */
function decimalReader({
  precision,
  scale,
}: DbType & { readonly name: 'DECIMAL' }): (given: unknown) => Value | typeof UNSURE {
  const bound = 10 ** Math.min(15 - scale, precision - scale);
  return (given) => {
    if (typeof given !== 'number' || !(given > -bound && given < bound)) return UNSURE;
    const text = (given + 0).toFixed(scale);
    return Number(text) === given ? text : UNSURE;
  };
}

function readText(type: DbType, text: string): Value | typeof UNSURE {
  const value = readTextValue(type, text, parseJson);
  return value instanceof Invalid ? UNSURE : value;
}
