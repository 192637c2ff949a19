import { formatLike } from '#domain/query/like.ts';
import { fold } from '#domain/text/fold.ts';
import type { SqlDialect } from '../sql/compile-filter.ts';
import { FOLD, fieldColumn } from './postgres-layout.ts';
import { arrayOf, encodeValue, parameterType } from './postgres-values.ts';

/** The engine's way of writing a filter. */
export const postgresDialect: SqlDialect = {
  column: fieldColumn,
  parameter: (value, type, parameters) => `${parameters.add(encodeValue(value))}::${parameterType(type)}`,
  like: (column, pattern, parameters) => `${column} LIKE ${parameters.add(formatLike(pattern))}`,
  likeIgnoringCase: (column, pattern, parameters) =>
    `${FOLD}(${column}) LIKE ${parameters.add(formatLike(pattern, fold))}`,
  inLongList: (column, values, type, parameters) =>
    `${column} = ANY(${parameters.add(arrayOf(values.map(encodeValue)))}::${parameterType(type)}[])`,
};
