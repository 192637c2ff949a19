import type { SqlTable } from './sql-tables.ts';

const WORDS =
  'SELECT FROM WHERE GROUP BY ORDER LIMIT OFFSET JOIN LEFT RIGHT INNER FULL OUTER CROSS ON USING AS AND OR NOT IN IS NULL ' +
  'LIKE ILIKE BETWEEN CASE WHEN THEN ELSE END WITH RECURSIVE UNION ALL EXCEPT INTERSECT DISTINCT HAVING QUALIFY OVER ' +
  'PARTITION VALUES EXPLAIN DESC ASC COUNT SUM AVG MIN MAX';

/** What may follow what is typed: commands, datasets behind FROM and JOIN, else columns, datasets and words. */
export function completeSql(line: string, tables: readonly SqlTable[]): [string[], string] {
  const [typed = ''] = /(?:\\?[\p{L}\p{N}_]*|"[^"]*)$/u.exec(line) ?? [];
  if (typed.startsWith('\\')) return [['\\d', '\\h', '\\q'].filter((command) => command.startsWith(typed)), typed];
  const before = line.slice(0, line.length - typed.length);
  const names = tables.map(({ name }) => quoted(name));
  const columns = tables.flatMap((table) => table.columns.map(({ name }) => quoted(name)));
  const isTable = /(?:\b(?:from|join)|\\d)\s+$/i.test(before);
  const words = typed === '' ? [] : WORDS.split(' ');
  const all = isTable ? names : [...new Set([...columns, ...names, ...words])];
  const start = typed.toLowerCase();
  return [all.filter((word) => word.toLowerCase().startsWith(start)), typed];
}

/** A name that SQL takes as it is, or in quotes. */
function quoted(name: string): string {
  return /^[\p{L}_][\p{L}\p{N}_]*$/u.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}
