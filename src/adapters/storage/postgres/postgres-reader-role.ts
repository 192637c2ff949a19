import { createHash } from 'node:crypto';
import { identifier, literal } from '../sql/identifier.ts';
import type { PostgresConnection } from './postgres-connection.ts';
import { isForbidden } from './postgres-errors.ts';
import { datasetsIn } from './postgres-evolve.ts';
import { STORE } from './postgres-layout.ts';
import { shortName } from './postgres-names.ts';
import { createView, type Reader, viewsSchema } from './postgres-views.ts';

/**
 * Makes the role, its schema and the views that are not there yet; runs inside a transaction.
 * @returns null where the user of the store may not make roles
 */
export async function prepareReader(connection: PostgresConnection, schema: string): Promise<Reader | null> {
  const facts = `SELECT reader_password, current_database(), current_user FROM ${STORE}`;
  const [password = '', database = ''] = ((await connection.row(facts)) ?? []).map(String);
  const role = readerRole(database, schema);
  const isThere = (await connection.row('SELECT 1 FROM pg_roles WHERE rolname = $1', [role])) !== null;
  const login = `${identifier(role)} WITH LOGIN NOINHERIT PASSWORD ${literal(password)}`;
  await connection.batch(['SAVEPOINT role']);
  try {
    await connection.batch([`${isThere ? 'ALTER' : 'CREATE'} ROLE ${login}`]);
  } catch (error) {
    if (!isForbidden(error)) throw error;
    await connection.batch(['ROLLBACK TO SAVEPOINT role']);
    if (!isThere) return null;
  }
  const views = identifier(viewsSchema(schema));
  await connection.batch([
    `CREATE SCHEMA IF NOT EXISTS ${views}`,
    `GRANT USAGE ON SCHEMA ${views} TO ${identifier(role)}`,
  ]);
  const present = 'SELECT relname FROM pg_class WHERE relkind = $1 AND relnamespace = $2::regnamespace';
  const there = new Set((await connection.rows(present, ['v', views])).map(([name]) => name));
  for (const dataset of await datasetsIn(connection)) {
    if (!there.has(shortName(dataset.name))) await connection.batch(createView(dataset, schema, role));
  }
  return { role, password };
}

/** Roles belong to all databases of a server, so that the name says whose it is. */
export function readerRole(database: string, schema: string): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([database, schema]))
    .digest('hex')
    .slice(0, 16);
  return `data_forge_reader_${hash}`;
}
