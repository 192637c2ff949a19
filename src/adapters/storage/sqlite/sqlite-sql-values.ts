import type { SqlParameter, SqlParameters } from '#domain/sql/sql-type.ts';
import { refused } from './sqlite-sql-text.ts';
import type { SqliteValue } from './sqlite-values.ts';

/** The values of placeholders, in their order. @throws DataForgeError `invalid_sql` where one is missing or over */
export function parameterValues(names: readonly string[], parameters: SqlParameters): SqliteValue[] {
  const given = Array.isArray(parameters)
    ? new Map((parameters as readonly SqlParameter[]).map((value, index) => [String(index + 1), value]))
    : new Map(Object.entries(parameters as Readonly<Record<string, SqlParameter>>));
  const folded = new Map([...given].map(([name, value]) => [name.toLowerCase(), value]));
  const values = names.map((name) => {
    const value = folded.get(name.toLowerCase());
    if (value === undefined) throw refused(`The parameter ${shown(name)} has no value; give it in params.`);
    if (typeof value === 'bigint' && BigInt.asIntN(64, value) !== value) {
      throw refused(`The parameter ${shown(name)} has more digits than a number may have; send it as a string.`);
    }
    return typeof value === 'boolean' ? (value ? 1 : 0) : wholeAsInteger(value);
  });
  const known = new Set(names.map((name) => name.toLowerCase()));
  const unused = [...given.keys()].find((name) => !known.has(name.toLowerCase()));
  if (unused === undefined) return values;
  throw refused(`The parameter ${shown(unused)} is given, and the query has no such placeholder.`);
}

/** The driver takes every number for a floating-point one. */
function wholeAsInteger(value: string | number | bigint | null): SqliteValue {
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;
}

function shown(name: string): string {
  return `$${name.slice(0, 100)}`;
}
