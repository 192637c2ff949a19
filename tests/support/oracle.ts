/**
 * What a query must answer, the naive way and with no line of the domain code: values are compared as JavaScript has
 * them, patterns are regular expressions, a filter is walked over each row, a sort looks at every pair.
 */

/** A value as the oracle compares it. */
export type Key = string | number | bigint | boolean | null;

export interface OracleRow {
  readonly id: string;
  readonly keys: Readonly<Record<string, Key>>;
}

export type OracleFilter =
  | { readonly and: readonly OracleFilter[] }
  | { readonly or: readonly OracleFilter[] }
  | { readonly not: OracleFilter }
  | { readonly field: string; readonly operator: string; readonly operand?: Key | readonly Key[] };

export interface OracleSort {
  readonly field: string;
  readonly order: 'asc' | 'desc';
}

type Verdict = 'yes' | 'no' | 'unknown';

/** The rows that match, in order. */
export function answer(rows: readonly OracleRow[], filters: readonly OracleFilter[], sort: readonly OracleSort[]) {
  return rows
    .filter((row) => judge({ and: filters }, row) === 'yes')
    .toSorted((a, b) => {
      for (const { field, order } of sort) {
        const [x, y] = [keyOf(a, field), keyOf(b, field)];
        if (x === null && y === null) continue;
        if (x === null) return 1;
        if (y === null) return -1;
        const difference = order === 'asc' ? compare(x, y) : compare(y, x);
        if (difference !== 0) return difference;
      }
      return compare(a.id, b.id);
    });
}

function keyOf(row: OracleRow, field: string): Key {
  return field === '_id' ? row.id : (row.keys[field] ?? null);
}

function judge(filter: OracleFilter, row: OracleRow): Verdict {
  if ('and' in filter) {
    const verdicts = filter.and.map((item) => judge(item, row));
    if (verdicts.includes('no')) return 'no';
    return verdicts.includes('unknown') ? 'unknown' : 'yes';
  }
  if ('or' in filter) {
    const verdicts = filter.or.map((item) => judge(item, row));
    if (verdicts.includes('yes')) return 'yes';
    return verdicts.includes('unknown') ? 'unknown' : 'no';
  }
  if ('not' in filter) {
    const verdict = judge(filter.not, row);
    return verdict === 'unknown' ? 'unknown' : verdict === 'yes' ? 'no' : 'yes';
  }
  const { operator, operand = null } = filter;
  const key = keyOf(row, filter.field);
  if (operator === 'is_null') return key === null ? 'yes' : 'no';
  if (operator === 'is_not_null') return key === null ? 'no' : 'yes';
  if (operator === 'in') return judgeIn(key, operand as readonly Key[]);
  if (key === null || operand === null) return 'unknown';
  return holds(operator, key, operand as Exclude<Key, null>) ? 'yes' : 'no';
}

/** `a in (x, y)` is `a = x or a = y`. */
function judgeIn(key: Key, operands: readonly Key[]): Verdict {
  const verdicts = operands.map((operand): Verdict => {
    if (key === null || operand === null) return 'unknown';
    return compare(key, operand) === 0 ? 'yes' : 'no';
  });
  if (verdicts.includes('yes')) return 'yes';
  return verdicts.includes('unknown') ? 'unknown' : 'no';
}

function holds(operator: string, key: Exclude<Key, null>, operand: Exclude<Key, null>): boolean {
  if (operator === 'like' || operator === 'ilike') return expression(String(operand), operator).test(String(key));
  const difference = compare(key, operand);
  switch (operator) {
    case 'eq':
      return difference === 0;
    case 'ne':
      return difference !== 0;
    case 'gt':
      return difference > 0;
    case 'gte':
      return difference >= 0;
    case 'lt':
      return difference < 0;
    default:
      return difference <= 0;
  }
}

/** With the flags `u` and `i`, a regular expression folds case as the simple foldings of Unicode say. */
function expression(pattern: string, operator: string): RegExp {
  let source = '';
  const characters = [...pattern];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? '';
    if (character === '%') source += '[^]*';
    else if (character === '_') source += '[^]';
    else source += literal(character === '\\' ? (characters[++at] ?? '') : character);
  }
  return new RegExp(`^${source}$`, operator === 'ilike' ? 'iu' : 'u');
}

function literal(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/** Strings by code point, all else by size. */
function compare(a: Exclude<Key, null>, b: Exclude<Key, null>): number {
  if (typeof a === 'string' && typeof b === 'string') {
    const [x, y] = [[...a], [...b]].map((characters) => characters.map((c) => c.codePointAt(0) ?? 0)) as [
      number[],
      number[],
    ];
    for (let at = 0; at < Math.min(x.length, y.length); at++) {
      if (x[at] !== y[at]) return (x[at] ?? 0) - (y[at] ?? 0);
    }
    return x.length - y.length;
  }
  return a < b ? -1 : a > b ? 1 : 0;
}
