import type { DatabaseSync } from 'node:sqlite';
import { convertValue } from '#domain/dataset/compare-rules.ts';
import { parseDbType } from '#domain/dataset/db-type.ts';
import { compileLike, parseLike } from '#domain/query/like.ts';
import { decoderOf, encoderOf, type SqliteValue } from './sqlite-values.ts';

const SAME_ANSWER = { deterministic: true, directOnly: true } as const;

/** Makes known to a connection what our SQL asks of the domain: patterns, long lists, values of other types. */
export function defineFunctions(database: DatabaseSync): void {
  for (const [name, ignoreCase] of [
    ['forge_like', false],
    ['forge_ilike', true],
  ] as const) {
    const testOf = lastKept((pattern) => compileLike(parseLike(pattern) ?? [], ignoreCase));
    database.function(name, SAME_ANSWER, (text, pattern) =>
      text === null ? null : testOf(String(pattern))(String(text)) ? 1 : 0,
    );
  }
  const listOf = lastKept((json) => new Set<unknown>(JSON.parse(json)));
  database.function('forge_member', SAME_ANSWER, (value, list) =>
    value === null ? null : listOf(String(list)).has(value) ? 1 : 0,
  );
  database.function('forge_convert', { ...SAME_ANSWER, useBigIntArguments: true }, (value, from, to) =>
    convert(value as SqliteValue, String(from), String(to)),
  );
}

/** A value of one type as another has it; null where that type has no place for it. */
function convert(stored: SqliteValue, from: string, to: string): SqliteValue {
  const [source, target] = [parseDbType(from), parseDbType(to)];
  if (source === undefined || target === undefined) throw new TypeError(`${from} or ${to} is no storage type`);
  return encoderOf(target)(convertValue(source, target, decoderOf(source)(stored)));
}

/** Keeps what was made of the last few texts; a statement asks with the same one for every row. */
function lastKept<T>(make: (text: string) => T): (text: string) => T {
  const kept = new Map<string, T>();
  return (text) => {
    const known = kept.get(text);
    if (known !== undefined) return known;
    const made = make(text);
    if (kept.size >= 16) kept.clear();
    kept.set(text, made);
    return made;
  };
}
