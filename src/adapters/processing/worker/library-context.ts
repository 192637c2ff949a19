import { type AnalysisColumn, isNumber } from '#domain/analysis/column.ts';
import type { Measure } from '#domain/analysis/measures.ts';
import { identityOf } from '#domain/analysis/operation.ts';
import type { ColumnSchema } from '#domain/record/batch.ts';
import type { Row, Value } from '#domain/record/value.ts';
import { compareKeys, decodeKey, type RawValue } from './column-forms.ts';
import type { Library, RawColumns, WireMeasure } from './library.ts';
import type { LibraryTable } from './library-table.ts';

/** What an operation works with in the thread of a library. */
export interface LibraryContext<T> {
  readonly library: Library<T>;
  readonly input: LibraryTable;
  readonly other: LibraryTable;
  readonly columns: readonly AnalysisColumn[];
  readonly others: readonly AnalysisColumn[];
}

/** The rows of columns in their key forms as canonical values. */
export function decode(columns: readonly ColumnSchema[], raw: RawColumns): Row[] {
  const length = raw[0]?.length ?? 0;
  return Array.from({ length }, (_, at) => columns.map(({ dbType }, index) => decodeKey(dbType, raw[index]?.[at])));
}

/** The name a measure's column goes by: what it counts for where it is a number, else itself. */
export function wireMeasure(table: LibraryTable, { function: name, column, type }: Measure): WireMeasure {
  if (column === null) return { function: name, wire: null };
  const asKey = name === 'count' || name === 'distinct' || !isNumber(type);
  return { function: name, wire: table.wire(column, asKey ? 'key' : 'number') };
}

/** Groups in order of their keys, keys and measures still raw. */
export async function rawGroups<T>(
  library: Library<T>,
  table: T,
  keys: readonly string[],
  measures: readonly WireMeasure[],
): Promise<RawValue[][]> {
  const raw = await library.group(table, keys, measures);
  const length = raw[0]?.length ?? 0;
  const rows = Array.from({ length }, (_, at) => raw.map((column) => column[at]));
  return rows.sort((a, b) => {
    for (let index = 0; index < keys.length; index++) {
      const order = compareKeys(a[index], b[index]);
      if (order !== 0) return order;
    }
    return 0;
  });
}

/** A measure as the value of its column in the result. */
export function measureValue({ function: name, type }: Measure, raw: RawValue): Value {
  if (name === 'count' || name === 'distinct') return BigInt((raw ?? 0) as number);
  return decodeKey(type, raw);
}

export function identityWire(table: LibraryTable, columns: readonly AnalysisColumn[]): string | null {
  const [id] = identityOf(columns);
  return id === undefined ? null : table.wire(id, 'key');
}
