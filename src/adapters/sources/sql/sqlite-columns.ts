import { type DbType, parseDbType } from '#domain/dataset/db-type.ts';
import { quoteName, quoteText, type SourceColumn } from './sql-database.ts';

/** The type that takes what a column of a declared type holds (https://www.sqlite.org/datatype3.html). */
function sqliteDbType(declared: string | null): DbType {
  const type = (declared ?? '').toUpperCase();
  const decimal = parseDbType(type.replace(/^NUMERIC/, 'DECIMAL'));
  if (decimal?.name === 'DECIMAL') return decimal;
  if (type.includes('BOOL')) return { name: 'BOOLEAN' };
  if (type.includes('INT')) return { name: 'BIGINT' };
  if (/TIMESTAMP|DATETIME/.test(type)) return { name: 'TIMESTAMP' };
  if (type === 'DATE' || type === 'TIME' || type === 'UUID' || type === 'JSON') return { name: type };
  return /REAL|FLOA|DOUB|NUMERIC|DECIMAL/.test(type) ? { name: 'DOUBLE' } : { name: 'VARCHAR' };
}

const NUMBER = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i;

/** A column as SQL: values of any class come as they are, and the reading process makes cells of them. */
export function sqliteColumn(name: string, declared: string | null, nullable: boolean): SourceColumn {
  const isText = /CHAR|CLOB|TEXT/i.test(declared ?? '');
  return {
    name,
    nullable,
    dbType: sqliteDbType(declared),
    rendered: quoteName(name),
    isSortable: true,
    // A number and a text are never equal, and nothing but the value itself tells which of them a cell was.
    literal: (cell) =>
      isText || !NUMBER.test(cell)
        ? quoteText(cell)
        : `CASE typeof(${quoteName(name)}) WHEN 'text' THEN ${quoteText(cell)} ELSE ${cell} END`,
  };
}
