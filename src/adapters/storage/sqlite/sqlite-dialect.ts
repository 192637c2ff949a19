import { formatLike } from '#domain/query/like.ts';
import type { LikePattern } from '#domain/query/query.ts';
import type { SqlDialect, SqlParameters } from '../sql/compile-filter.ts';
import { fieldColumn } from './sqlite-layout.ts';
import { encoderOf, type SqliteValue } from './sqlite-values.ts';

/** GLOB takes no longer pattern (SQLITE_MAX_LIKE_PATTERN_LENGTH is in bytes). */
const MAX_GLOB_LENGTH = 10_000;

/** The engine's way of writing a filter. */
export const sqliteDialect: SqlDialect = {
  column: fieldColumn,
  parameter: (value, type, parameters) => parameters.add(encoderOf(type)(value)),
  /** GLOB compares code points as they are; LIKE folds ASCII. */
  like(column: string, pattern: LikePattern, parameters: SqlParameters): string {
    const glob = globOf(pattern);
    if (glob.length <= MAX_GLOB_LENGTH) return `${column} GLOB ${parameters.add(glob)}`;
    return `forge_like(${column}, ${parameters.add(formatLike(pattern))})`;
  },
  likeIgnoringCase(column: string, pattern: LikePattern, parameters: SqlParameters): string {
    return `forge_ilike(${column}, ${parameters.add(formatLike(pattern))})`;
  },
  inLongList(column, values, type, parameters): string {
    const items = values.map(encoderOf(type));
    if (type.name === 'DOUBLE') return `forge_member(${column}, ${parameters.add(JSON.stringify(items))})`;
    return `${column} IN (SELECT value FROM json_each(${parameters.add(jsonList(items))}))`;
  },
};

function globOf(pattern: LikePattern): string {
  return pattern
    .map((token) => (token.kind === 'any' ? '*' : token.kind === 'one' ? '?' : token.text.replace(/[*?[]/g, '[$&]')))
    .join('');
}

function jsonList(items: readonly SqliteValue[]): string {
  return `[${items.map((item) => (typeof item === 'string' ? JSON.stringify(item) : String(item))).join(',')}]`;
}
