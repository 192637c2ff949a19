import { readFileSync } from 'node:fs';
import { type SqlInfo, sqlInfoTable } from '#formats/flight/sql-info-table.ts';

const { version, dependencies } = JSON.parse(
  readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
) as { readonly version: string; readonly dependencies: Readonly<Record<string, string>> };

/** A bit mask of the values of an enumeration. */
const these = (...values: readonly number[]) => values.reduce((mask, value) => mask | (1 << value), 0);

/**
 * What this server is and can do, by the numbers of SqlInfo
 * (https://arrow.apache.org/docs/format/FlightSql.html). What is not known is left out.
 */
const FACTS: readonly SqlInfo[] = [
  // Name, version, Arrow's version; rows can be written, by ingest; SQL, Substrait.
  [0, 'Data Forge'],
  [1, version],
  [2, dependencies['apache-arrow'] ?? ''],
  [3, false],
  [4, true],
  [5, false],
  // No transactions, cancelling, bulk ingest (not in a transaction), no time limits that a client sets.
  [8, 0],
  [9, true],
  [10, true],
  [11, false],
  [100, 0],
  [101, 0],
  // Nothing is made or dropped by SQL. Names: any case finds them, quoted or not.
  [500, false],
  [501, false],
  [502, false],
  [503, 1],
  [504, '"'],
  [505, 1],
  [506, true],
  // Nulls come last whichever way is sorted.
  [507, 3],
  [513, '\\'],
  [514, ''],
  [515, true],
  [516, true],
  [518, true],
  [519, false],
  [520, true],
  [521, true],
  // GROUP BY of columns that are not selected; LIKE … ESCAPE; columns that are not null.
  [522, these(0, 1)],
  [523, true],
  [524, true],
  [527, false],
  // Outer joins, all of them.
  [528, these(1, 2)],
  [529, 'schema'],
  [531, 'catalog'],
  [532, true],
  [533, 0],
  [534, 0],
  [535, 0],
  [536, false],
  [537, false],
  // Subqueries in comparisons, EXISTS, IN and quantified ones, correlated too; UNION and UNION ALL.
  [538, these(0, 1, 2, 3)],
  [539, true],
  [540, these(0, 1)],
  // No transactions and no isolation, savepoints, batches of updates or named parameters.
  [562, 0],
  [563, false],
  [564, these(0)],
  [565, false],
  [566, false],
  [572, false],
  [573, false],
  [574, false],
  [575, false],
  [576, false],
];

/** The facts that are asked for, all of them where none is named. */
export function sqlInfo(numbers: readonly number[]) {
  return sqlInfoTable(numbers.length === 0 ? FACTS : FACTS.filter(([number]) => numbers.includes(number)));
}
