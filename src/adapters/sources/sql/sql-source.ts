import type { SourceDescription, SourceOpening } from '#application/ports/source.ts';
import { DataForgeError } from '#domain/errors.ts';
import { cutBatches } from '../shared/cut-batches.ts';
import { defineSource } from '../shared/define-source.ts';
import { textOf } from '../shared/http/authorise.ts';
import { openPostgres } from './postgres-database.ts';
import { quoteName, type SqlDatabase } from './sql-database.ts';
import { SQL_OPTIONS, type SqlOptions } from './sql-options.ts';
import { readPieces } from './sql-reader.ts';
import { openSqlite } from './sqlite-database.ts';

/** Tables and SELECTs of PostgreSQL and SQLite. */
export const sqlSource = defineSource({
  kind: 'sql',
  description: 'A table or a SELECT of PostgreSQL or SQLite',
  options: SQL_OPTIONS,
  open: (options, opening) => cutBatches(piecesOf(options, opening), opening),
  describe,
});

async function* piecesOf(options: SqlOptions, opening: SourceOpening) {
  const database = await openDatabase(options, opening);
  try {
    yield* readPieces(database, fromClause(options), options, opening);
  } finally {
    await database.close();
  }
}

async function describe(options: SqlOptions, opening: SourceOpening): Promise<SourceDescription> {
  const database = await openDatabase(options, opening);
  try {
    const { columns, key } = await database.look(fromClause(options), options.table !== null);
    return {
      columns: columns.map(({ name, dbType, nullable }) => ({ name, dbType, nullable })),
      key: options.key ?? key,
    };
  } finally {
    await database.close();
  }
}

async function openDatabase(options: SqlOptions, opening: SourceOpening): Promise<SqlDatabase> {
  const url = textOf(options.url, opening);
  if (/^postgres(ql)?:\/\//.test(url)) return openPostgres(url, options, opening);
  const [, path] = /^sqlite:(?:\/\/)?(.+)$/s.exec(url) ?? [];
  if (path !== undefined) return openSqlite(path, options, opening);
  const message = 'The url of a source of SQL begins with postgres:// or sqlite:.';
  throw new DataForgeError('invalid_configuration', message);
}

/** What stands behind FROM. @throws DataForgeError `invalid_configuration` */
function fromClause({ table, query }: SqlOptions): string {
  if ((table === null) === (query === null)) {
    throw new DataForgeError('invalid_configuration', 'A source of SQL needs a table or a query, and not both.');
  }
  if (query !== null) return `(\n${query.trim().replace(/;$/, '')}\n) AS source`;
  return (table ?? '').split('.').map(quoteName).join('.');
}
