import type { SourceDescription, SourceOpening } from '#application/ports/source.ts';
import { DataForgeError } from '#domain/errors.ts';
import { openDatabase } from './open-database.ts';
import { quoteName } from './sql-database.ts';
import type { SqlOptions } from './sql-options.ts';

/** What the database tells of the columns and the key. */
export async function describeRelation(options: SqlOptions, opening: SourceOpening): Promise<SourceDescription> {
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

/** What stands behind FROM. @throws DataForgeError `invalid_configuration` */
export function fromClause({ table, query }: SqlOptions): string {
  if ((table === null) === (query === null)) {
    throw new DataForgeError('invalid_configuration', 'A source of SQL needs a table or a query, and not both.');
  }
  if (query !== null) return `(\n${query.trim().replace(/;$/, '')}\n) AS source`;
  return (table ?? '').split('.').map(quoteName).join('.');
}
