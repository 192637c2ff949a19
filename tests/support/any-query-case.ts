import fc from 'fast-check';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { formatDbType } from '#domain/dataset/db-type.ts';
import { anyCell, anyPattern, type Cell, NULL_CELL } from './any-cell.ts';
import { dataset, property } from './dataset-builders.ts';
import type { OracleFilter, OracleSort } from './oracle.ts';

/** A filter as it is sent, and the same as the oracle takes it. */
interface AnyFilter {
  readonly sent: string;
  readonly oracle: OracleFilter;
}

export interface AnyQuery {
  readonly filters: readonly AnyFilter[];
  readonly sort: readonly OracleSort[];
  readonly size: number;
}

/** A dataset, its rows, and queries of them; the property `n` numbers the rows. */
export interface QueryCase {
  readonly dataset: Dataset;
  readonly rows: readonly Readonly<Record<string, Cell>>[];
  readonly queries: readonly AnyQuery[];
}

const TYPES = [
  'VARCHAR',
  'VARCHAR',
  'VARCHAR',
  'VARCHAR',
  'BIGINT',
  'INTEGER',
  'SMALLINT',
  'DOUBLE',
  'BOOLEAN',
  'DATE',
  'TIME',
  'TIMESTAMP',
  'UUID',
  'JSON',
];
const DECIMALS = ['DECIMAL(4,0)', 'DECIMAL(9,2)', 'DECIMAL(18,4)', 'DECIMAL(38,10)', 'DECIMAL(38,38)'];
const NAMES = ['plain', 'Größe', "it's", 'say "x"', 'a b', '€uro; --', '日本', 'select', 'x.y', '😀', 'a,b', '%'];

interface Column {
  readonly name: string;
  readonly type: string;
  /** The values that rows and filters take, so that they meet. */
  readonly pool: readonly Cell[];
}

const anyColumn: fc.Arbitrary<Omit<Column, 'name'>> = fc
  .constantFrom(...TYPES, ...DECIMALS)
  .chain((type) =>
    fc.record({ type: fc.constant(type), pool: fc.array(anyCell(type), { minLength: 1, maxLength: 6, size: 'max' }) }),
  );

/** Everything a reading engine has to get right, at random. */
export const anyQueryCase: fc.Arbitrary<QueryCase> = fc
  .tuple(
    fc.array(anyColumn, { minLength: 1, maxLength: 6 }),
    fc.shuffledSubarray(NAMES, { minLength: 6, maxLength: 6 }),
  )
  .map(([columns, names]) => columns.map((column, at): Column => ({ ...column, name: names[at] ?? `c${at}` })))
  .chain((columns) =>
    fc.record({
      dataset: fc.constant(datasetOf(columns)),
      rows: fc
        .array(anyRow(columns), { maxLength: 30, size: 'max' })
        .map((rows) => rows.map((row, n) => ({ ...row, n: numberCell(n) }))),
      queries: fc.array(anyQuery(columns), { minLength: 1, maxLength: 6, size: 'max' }),
    }),
  )
  .map((queryCase) => Object.assign(queryCase, { [fc.toStringMethod]: () => showCase(queryCase) }));

function datasetOf(columns: readonly Column[]): Dataset {
  const properties = columns.map(({ name, type }) => property(name, type));
  return dataset('any', [...properties, property('n', 'INTEGER')]);
}

function numberCell(n: number): Cell {
  return { sent: String(n), key: n, shown: String(n) };
}

function anyRow(columns: readonly Column[]): fc.Arbitrary<Record<string, Cell>> {
  const cells = columns.map(
    ({ name, pool }) =>
      [name, fc.oneof(fc.constant(NULL_CELL), fc.constantFrom(...pool), fc.constantFrom(...pool))] as const,
  );
  return fc.record(Object.fromEntries(cells));
}

function anyQuery(columns: readonly Column[]): fc.Arbitrary<AnyQuery> {
  const sortable = [...columns.filter(({ type }) => type !== 'JSON').map(({ name }) => name), '_id', 'n'];
  const anySort = fc.uniqueArray(
    fc.record({ field: fc.constantFrom(...sortable), order: fc.constantFrom('asc' as const, 'desc' as const) }),
    {
      maxLength: 3,
      selector: ({ field }) => field,
    },
  );
  return fc.record({
    filters: fc.oneof(
      fc.array(anyFilter(columns, 2), { maxLength: 1 }),
      fc.array(anyFilter(columns, 2), { maxLength: 2 }),
    ),
    sort: anySort,
    size: fc.integer({ min: 1, max: 8 }),
  });
}

function anyFilter(columns: readonly Column[], depth: number): fc.Arbitrary<AnyFilter> {
  const condition = fc.constantFrom(...columns).chain(anyCondition);
  if (depth === 0) return condition;
  const inner = anyFilter(columns, depth - 1);
  const group = (kind: 'and' | 'or') =>
    fc.array(inner, { maxLength: 3 }).map((items): AnyFilter => {
      const oracle = items.map((item) => item.oracle);
      return {
        sent: `{"${kind}":[${items.map((item) => item.sent).join()}]}`,
        oracle: kind === 'and' ? { and: oracle } : { or: oracle },
      };
    });
  const not = inner.map((item): AnyFilter => ({ sent: `{"not":${item.sent}}`, oracle: { not: item.oracle } }));
  return fc.oneof({ weight: 5, arbitrary: condition }, group('and'), group('or'), not);
}

const COMPARISONS = ['eq', 'ne', 'gt', 'gte', 'lt', 'lte'];

function anyCondition({ name, type, pool }: Column): fc.Arbitrary<AnyFilter> {
  const operand = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...pool) },
    { weight: 1, arbitrary: anyCell(type) },
    { weight: 1, arbitrary: fc.constant(NULL_CELL) },
  );
  const nullTest = fc.constantFrom('is_null', 'is_not_null').map((operator): AnyFilter => condition(name, operator));
  if (type === 'JSON') return nullTest;
  const operators = type === 'BOOLEAN' ? ['eq', 'ne'] : COMPARISONS;
  const comparison = fc
    .tuple(fc.constantFrom(...operators), operand)
    .map(([operator, { sent, key }]) => condition(name, operator, sent, key));
  const list = fc.array(operand, { maxLength: 4 }).map((cells) =>
    condition(
      name,
      'in',
      `[${cells.map(({ sent }) => sent).join()}]`,
      cells.map(({ key }) => key),
    ),
  );
  const like = fc
    .tuple(fc.constantFrom('like', 'ilike'), anyPattern)
    .map(([operator, pattern]) => condition(name, operator, JSON.stringify(pattern), pattern));
  return type === 'VARCHAR' ? fc.oneof(nullTest, comparison, list, like, like) : fc.oneof(nullTest, comparison, list);
}

function condition(
  field: string,
  operator: string,
  sent?: string,
  operand?: Exclude<OracleFilter, { and: unknown } | { or: unknown } | { not: unknown }>['operand'],
): AnyFilter {
  const value = sent === undefined ? '' : `,"value":${sent}`;
  return {
    sent: `{"field":${JSON.stringify(field)},"operator":"${operator}"${value}}`,
    oracle: operand === undefined ? { field, operator } : { field, operator, operand },
  };
}

/** What a case looks like where it failed. */
function showCase({ dataset: { properties }, rows, queries }: QueryCase): string {
  const types = properties.map(({ name, dbType }) => `${name} ${formatDbType(dbType)}`).join(', ');
  return [types, ...rows.map(rowText), ...queries.map(showQuery)].join('\n');
}

function showQuery({ filters, sort, size }: AnyQuery): string {
  return `filters [${filters.map(({ sent }) => sent).join()}] sort ${JSON.stringify(sort)} size ${size}`;
}

/** A row as a line of NDJSON. */
export function rowText(row: Readonly<Record<string, Cell>>): string {
  return `{${Object.entries(row).map(([name, { sent }]) => `${JSON.stringify(name)}:${sent}`)}}`;
}
