import type { ColumnSchema } from '#domain/record/batch.ts';

/** A column of a table or of a SELECT. */
export interface SourceColumn extends ColumnSchema {
  /** SQL whose value is the cell of CSV that a dataset takes. */
  readonly rendered: string;
  /** SQL of a value that was such a cell, to compare the column with. */
  readonly literal: (cell: string) => string;
  /** Whether rows can be read in its order: cells are such that the column can be compared with them. */
  readonly isSortable: boolean;
}

export interface SourceRelation {
  readonly columns: readonly SourceColumn[];
  /** The primary key of a table; empty where there is none. */
  readonly key: readonly string[];
}

/** Somebody's database, for as long as it is read; all that is read of it is one snapshot. */
export interface SqlDatabase {
  /**
   * Tells what a relation has without reading it.
   * @param from what stands behind FROM
   * @throws DataForgeError `source_failed`, as `read`
   */
  look(from: string, isTable: boolean): Promise<SourceRelation>;
  /** The rows of a SELECT over such a relation as CSV with a header. It ends in the server when nobody reads on. */
  read(select: string, relation: SourceRelation): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/** A name as SQL has it. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as SQL has it. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
