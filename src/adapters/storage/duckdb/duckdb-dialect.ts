import type { DbType } from '#domain/dataset/db-type.ts';
import type { LikePattern } from '#domain/query/query.ts';
import type { Value } from '#domain/record/value.ts';
import type { SqlDialect, SqlParameters } from '../sql/compile-filter.ts';
import { columnType, fieldColumn } from './duckdb-layout.ts';

/** The engine's way of writing a filter. */
export const duckDbDialect: SqlDialect = {
  column: fieldColumn,
  parameter: bindValue,
  like(column: string, pattern: LikePattern, parameters: SqlParameters): string {
    const text = pattern.map((token) =>
      token.kind === 'any' ? '%' : token.kind === 'one' ? '_' : token.text.replace(/[\\%_]/g, '\\$&'),
    );
    return `${column} LIKE ${parameters.add(text.join(''))} ESCAPE '\\'`;
  },
  /** The engine's own ILIKE does not fold as Unicode says; RE2's case folding does. */
  likeIgnoringCase(column: string, pattern: LikePattern, parameters: SqlParameters): string {
    const source = pattern.map((token) =>
      token.kind === 'any' ? '.*' : token.kind === 'one' ? '.' : token.text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&'),
    );
    return `regexp_full_match(${column}, ${parameters.add(`(?is)${source.join('')}`)})`;
  },
};

/** Binds a canonical value; what the driver has no exact way for travels as text. */
function bindValue(value: Exclude<Value, null>, type: DbType, parameters: SqlParameters): string {
  switch (type.name) {
    case 'VARCHAR':
    case 'JSON':
      return parameters.add(value);
    case 'BIGINT':
    case 'INTEGER':
    case 'SMALLINT':
      return `${parameters.add(typeof value === 'number' ? BigInt(value) : value)}::${type.name}`;
    case 'BOOLEAN':
      return parameters.add(value);
    default:
      return `${parameters.add(String(value))}::${columnType(type)}`;
  }
}
