import type { Dataset } from '#domain/dataset/dataset.ts';
import { columnType } from './duckdb-layout.ts';

/** How to make the columns of a staged table from a source. */
export interface StagedColumns {
  /** The given id as text; null where the source has none. */
  readonly id: string | null;
  readonly values: readonly StagedColumn[];
}

interface StagedColumn {
  /** The typed value. */
  readonly value: string;
  /** Conditions that are all true where the typed value is sure to be right; over the column and the source. */
  readonly sure: (column: string) => readonly string[];
}

/**
 * SQL that reads a block of an upload into the table `temp.staged`, before it is stored: a row for each line in
 * its order, `ok` (true: the values are right by the contract; false: not sure, or wrong; null: no row at all), `gid` (the
 * id given, or null), and the properties as `p0`, `p1`, … in the types of the current table.
 * @param shaped the condition that the source could be read at all
 * @param blank the condition that a line holds no row
 */
export function stagedSelect(
  dataset: Dataset,
  columns: StagedColumns,
  source: string,
  shaped: string,
  blank: string | null,
): string {
  const typed = columns.values.map(({ value }, index) => `${value} AS p${index}`);
  const gid = columns.id === null ? 'NULL::UUID' : `TRY_CAST(${columns.id} AS UUID)`;
  const conditions = [shaped, ...columns.values.flatMap(({ sure }, index) => sure(`p${index}`))];
  if (columns.id !== null) conditions.push(`(${columns.id} IS NULL) = (gid IS NULL)`);
  const verdict = `coalesce(${conditions.join(' AND ')}, FALSE)`;
  const ok = blank === null ? verdict : `CASE WHEN ${blank} THEN NULL ELSE ${verdict} END`;
  const names = dataset.properties.map((_, index) => `p${index}`).join(', ');
  return (
    `INSERT INTO temp.staged SELECT ${ok} AS ok, gid, ${names} ` +
    `FROM (SELECT *, ${[`${gid} AS gid`, ...typed].join(', ')} FROM ${source})`
  );
}

/** An empty staged table. */
export function createStaged(dataset: Dataset): string {
  const properties = dataset.properties.map((property, index) => `p${index} ${columnType(property.dbType)}`);
  return `CREATE OR REPLACE TEMP TABLE staged (${['ok BOOLEAN', 'gid UUID', ...properties].join(', ')})`;
}

/** A line end as the engine's CSV reader wants it written. */
export function lineEndLiteral(lineEnd: string): string {
  return lineEnd === '\r\n' ? `'\\r\\n'` : `'\\n'`;
}

/** The engine reads a file of text on one thread a buffer; its own buffers of 32 MB are larger than a block. */
export const PARALLEL_READ = `max_line_size = 1048576, buffer_size = 2097152`;
