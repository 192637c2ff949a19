import type { PostgresValue } from './postgres-values.ts';

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };
const TO_ESCAPE = /[\\\t\n\r]/g;

/** A value in the text form of COPY (https://www.postgresql.org/docs/current/sql-copy.html). */
export function copied(value: PostgresValue): string {
  return value === null ? '\\N' : value.replace(TO_ESCAPE, (character) => ESCAPES[character] ?? character);
}
