import type { DbType } from '#domain/dataset/db-type.ts';
import { typeOfField } from '#domain/query/field.ts';
import type { Field, Filter, LikePattern, Position, SortKey } from '#domain/query/query.ts';
import type { Value } from '#domain/record/value.ts';

/** What SQL engines write differently. */
export interface SqlDialect {
  /** The column of a field, quoted. */
  column(field: Field): string;
  /** A canonical value bound as a parameter of that type. */
  parameter(value: Exclude<Value, null>, type: DbType, parameters: SqlParameters): string;
  /** A case-sensitive match of the whole text. */
  like(column: string, pattern: LikePattern, parameters: SqlParameters): string;
  /** The same with Unicode simple case folding. */
  likeIgnoringCase(column: string, pattern: LikePattern, parameters: SqlParameters): string;
  /** Membership of a list too long for a parameter each; only where the engine has such a bound. */
  inLongList?(column: string, values: readonly Exclude<Value, null>[], type: DbType, parameters: SqlParameters): string;
}

/** Lists of more values than this are long. */
const LONG_LIST = 500;

/** Collects the values of one statement; placeholders are `$1`, `$2`, …, or begin with another sign. */
export class SqlParameters {
  readonly values: (string | number | bigint | boolean | null)[] = [];
  readonly #sign: string;

  constructor(sign: '$' | '?' = '$') {
    this.#sign = sign;
  }

  add(value: string | number | bigint | boolean | null): string {
    this.values.push(value);
    return `${this.#sign}${this.values.length}`;
  }
}

const OPERATORS = { eq: '=', ne: '<>', gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;

/** A filter as an SQL condition with SQL's own three-valued meaning; `TRUE` where there is none. */
export function compileFilter(filter: Filter | null, dialect: SqlDialect, parameters: SqlParameters): string {
  if (filter === null) return 'TRUE';
  switch (filter.kind) {
    case 'and':
    case 'or': {
      if (filter.items.length === 0) return filter.kind === 'and' ? 'TRUE' : 'FALSE';
      const parts = filter.items.map((item) => compileFilter(item, dialect, parameters));
      return `(${parts.join(filter.kind === 'and' ? ' AND ' : ' OR ')})`;
    }
    case 'not':
      return `(NOT ${compileFilter(filter.item, dialect, parameters)})`;
    case 'null':
      return `(${dialect.column(filter.field)} IS ${filter.negated ? 'NOT ' : ''}NULL)`;
    case 'compare':
      return filter.value === null
        ? 'CAST(NULL AS BOOLEAN)'
        : `(${dialect.column(filter.field)} ${OPERATORS[filter.operator]} ${dialect.parameter(filter.value, typeOfField(filter.field), parameters)})`;
    case 'in':
      return compileIn(filter.field, filter.values, dialect, parameters);
    case 'like': {
      const match = filter.ignoreCase ? dialect.likeIgnoringCase : dialect.like;
      return `(${match.call(dialect, dialect.column(filter.field), filter.pattern, parameters)})`;
    }
  }
}

/** `in []` is false for every row, null or not, so it cannot be SQL's own empty list. */
function compileIn(field: Field, values: readonly Value[], dialect: SqlDialect, parameters: SqlParameters): string {
  if (values.length === 0) return 'FALSE';
  const known = values.filter((value) => value !== null);
  if (dialect.inLongList !== undefined && known.length > LONG_LIST) {
    const isMember = dialect.inLongList(dialect.column(field), known, typeOfField(field), parameters);
    return known.length < values.length ? `(${isMember} OR CAST(NULL AS BOOLEAN))` : `(${isMember})`;
  }
  const items = values.map((value) =>
    value === null ? 'NULL' : dialect.parameter(value, typeOfField(field), parameters),
  );
  return `(${dialect.column(field)} IN (${items.join(', ')}))`;
}

/** `ORDER BY` terms: nulls last either way, `id` breaking ties. */
export function compileSort(sort: readonly SortKey[], dialect: SqlDialect): string {
  const terms = sort.map(({ field, order }) => `${dialect.column(field)} ${order.toUpperCase()} NULLS LAST`);
  const byId = sort.some(({ field }) => field.kind === 'system' && field.name === 'id');
  if (!byId) terms.push(`${dialect.column({ kind: 'system', name: 'id' })} ASC`);
  return terms.join(', ');
}

/** The condition that a record stands behind a position in that order. */
export function compileAfter(
  sort: readonly SortKey[],
  position: Position,
  dialect: SqlDialect,
  parameters: SqlParameters,
): string {
  const id: SortKey = { field: { kind: 'system', name: 'id' }, order: 'asc' };
  const keys = [
    ...sort.map((key, index) => ({ key, value: position.values[index] ?? null })),
    { key: id, value: position.id },
  ];
  const alternatives: string[] = [];
  const equals: string[] = [];
  for (const { key, value } of keys) {
    const column = dialect.column(key.field);
    if (value === null) {
      equals.push(`${column} IS NULL`);
      continue;
    }
    const bound = dialect.parameter(value, typeOfField(key.field), parameters);
    const behind = `(${column} ${key.order === 'asc' ? '>' : '<'} ${bound} OR ${column} IS NULL)`;
    alternatives.push(`(${[...equals, behind].join(' AND ')})`);
    equals.push(`${column} = ${bound}`);
  }
  return `(${alternatives.join(' OR ')})`;
}
