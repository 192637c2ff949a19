import type { DbType } from '#domain/dataset/db-type.ts';

/**
 * RE2 patterns of JSON values that the engine's lenient readers take without loss. They are narrower than what the
 * contract allows: a value that does not match is not refused, it is read again by the exact rule of the domain.
 */
export const SPACE = '[ \\t]*';

const ESCAPE = '\\\\["\\\\/bfnrt]';
const HEX = '[0-9a-fA-F]';
/** Escapes of code points other than U+0000 and surrogates, and whole surrogate pairs. */
const UNICODE_ESCAPE =
  `\\\\u(?:[1-9a-cA-CefEF]${HEX}{3}|0[1-9a-fA-F]${HEX}{2}|00[1-9a-fA-F]${HEX}|000[1-9a-fA-F]|[dD][0-7]${HEX}{2}` +
  `|[dD][89abAB]${HEX}{2}\\\\u[dD][c-fC-F]${HEX}{2})`;

export const JSON_STRING = `"(?:[^"\\\\\\x00-\\x1f]|${ESCAPE}|${UNICODE_ESCAPE})*"`;
const PLAIN_STRING = '"[^"\\\\\\x00-\\x1f]*"';

const YEAR = '(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])';
const DATE_TEXT = `${YEAR}-[01][0-9]-[0-3][0-9]`;
const TIME_TEXT = '(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,6})?';
const TIMESTAMP_TEXT = `${DATE_TEXT}(?:[T ]${TIME_TEXT}Z?)?`;
export const UUID_TEXT = `${HEX}{8}-${HEX}{4}-${HEX}{4}-${HEX}{4}-${HEX}{12}`;

/** Digits that a double carries exactly, and that its shortest text gives back. */
const EXACT_DIGITS = 15;

/** The value of a property in JSON, null aside. */
export function jsonShape(type: DbType): string {
  switch (type.name) {
    case 'VARCHAR':
      return JSON_STRING;
    case 'BIGINT':
    case 'INTEGER':
    case 'SMALLINT':
      return '-?(?:0|[1-9][0-9]{0,17})';
    case 'DOUBLE':
      return '-?(?:0|[1-9][0-9]{0,99})(?:\\.[0-9]{1,99})?(?:[eE][+-]?[0-9]{1,2})?';
    case 'DECIMAL':
      return doubleDecimalShape(type.precision, type.scale);
    case 'BOOLEAN':
      return '(?:true|false)';
    case 'DATE':
      return `"${DATE_TEXT}"`;
    case 'TIME':
      return `"${TIME_TEXT}"`;
    case 'TIMESTAMP':
      return `"${TIMESTAMP_TEXT}"`;
    case 'UUID':
      return `"${UUID_TEXT}"`;
    case 'JSON':
      return JSON_TREE;
  }
}

/** The same for the text of a CSV field; the engine casts text exactly, so decimals have all their digits. */
export function textShape(type: DbType): string | null {
  switch (type.name) {
    case 'VARCHAR':
      return null;
    case 'BIGINT':
    case 'INTEGER':
    case 'SMALLINT':
      return '-?[0-9]{1,18}';
    case 'DOUBLE':
      return '-?[0-9]{1,99}(?:\\.[0-9]{1,99})?(?:[eE][+-]?[0-9]{1,2})?';
    case 'DECIMAL':
      return decimalShape(type.precision - type.scale, type.scale);
    case 'BOOLEAN':
      return '(?:true|false)';
    case 'DATE':
      return DATE_TEXT;
    case 'TIME':
      return TIME_TEXT;
    case 'TIMESTAMP':
      return TIMESTAMP_TEXT;
    case 'UUID':
      return UUID_TEXT;
    case 'JSON':
      return JSON_TEXT;
  }
}

/** A decimal that a double carries: also counted in units of its last place it must have no more than exact digits. */
function doubleDecimalShape(precision: number, scale: number): string {
  return scale > EXACT_DIGITS ? '0' : decimalShape(Math.min(precision, EXACT_DIGITS) - scale, scale);
}

function decimalShape(whole: number, fraction: number): string {
  const wholePart = whole <= 0 ? '0' : `(?:0|[1-9][0-9]{0,${whole - 1}})`;
  return `-?${wholePart}${fraction > 0 ? `(?:\\.[0-9]{1,${fraction}})?` : ''}`;
}

/**
 * A list of scalars, or an object of scalars and such lists: shallow enough for a pattern.
 * @param space what may stand between tokens
 */
function jsonTree(number: string, space: string): string {
  const scalar = `(?:${PLAIN_STRING}|${number}|true|false|null)`;
  const list = `\\[${space}(?:${scalar}${space}(?:,${space}${scalar}${space})*)?\\]`;
  const member = `${PLAIN_STRING}${space}:${space}(?:${scalar}|${list})${space}`;
  return `(?:${list}|\\{${space}(?:${member}(?:,${space}${member})*)?\\})`;
}

/** The engine writes a number of a JSON line anew: `-0` would lose its sign, and digits past the shortest text would go. */
const REWRITTEN_NUMBER = '(?:0|-?[1-9][0-9]{0,8}|-?(?:0|[1-9][0-9]{0,8})\\.[0-9]{0,3}[1-9])';
const KEPT_NUMBER = '-?(?:0|[1-9][0-9]*)(?:\\.[0-9]+)?(?:[eE][+-]?[0-9]+)?';
const JSON_TREE = jsonTree(REWRITTEN_NUMBER, SPACE);
/** A tree that is kept as the very text it came as, so that it must not have blanks between its tokens. */
const JSON_TEXT = jsonTree(KEPT_NUMBER, '');

/** A text with the characters that mean something in RE2 taken literally. */
export function escapePattern(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');
}
