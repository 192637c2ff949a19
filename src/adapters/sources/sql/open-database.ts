import type { SourceOpening } from '#application/ports/source.ts';
import { DataForgeError } from '#domain/errors.ts';
import { textOf } from '../shared/http/authorise.ts';
import type { SqlDatabase } from './sql-database.ts';
import type { SqlOptions } from './sql-options.ts';

/** Loads the driver of the database alone. @throws DataForgeError `source_failed`, `invalid_configuration` */
export async function openDatabase(options: SqlOptions, opening: SourceOpening): Promise<SqlDatabase> {
  const url = textOf(options.url, opening);
  if (/^postgres(ql)?:\/\//.test(url)) {
    const { openPostgres } = await import('./postgres-database.ts');
    return openPostgres(url, options, opening);
  }
  const [, path] = /^sqlite:(?:\/\/)?(.+)$/s.exec(url) ?? [];
  if (path !== undefined) {
    const { openSqlite } = await import('./sqlite-database.ts');
    return openSqlite(path, options, opening);
  }
  const message = 'The url of a source of SQL begins with postgres:// or sqlite:.';
  throw new DataForgeError('invalid_configuration', message);
}
