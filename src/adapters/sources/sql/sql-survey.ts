import { basename, resolve } from 'node:path';
import type { SourceOpening, Survey, SurveyRequest } from '#application/ports/source.ts';
import { DataForgeError } from '#domain/errors.ts';
import { readMembers } from '#domain/file/read-members.ts';
import { readCsv } from '#formats/csv/read-csv.ts';
import { chooseRelation } from '../shared/choose-relation.ts';
import { isSqliteFile } from '../shared/is-sqlite-file.ts';
import { describeRelation } from './describe-relation.ts';
import { openDatabase } from './open-database.ts';
import type { SqlDatabase } from './sql-database.ts';
import { SQL_OPTIONS } from './sql-options.ts';

const MAX_NAME_BYTES = 1024 * 1024;
const POSTGRES_TABLES =
  "(SELECT CASE table_schema WHEN 'public' THEN '' ELSE table_schema || '.' END || table_name AS name " +
  "FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema')) AS tables";
const SQLITE_TABLES =
  "(SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\') AS tables";

/** A table of PostgreSQL, or of a file of SQLite, known by its address or by how the file begins. */
export async function surveySql(request: SurveyRequest, opening: SourceOpening): Promise<Survey | null> {
  const { address, access } = request;
  const isPostgres = /^postgres(ql)?:\/\//.test(address);
  const isSqlite = address.startsWith('sqlite:') || (await isSqliteFile(resolve(opening.folder, address)));
  if (!isPostgres && !isSqlite) return null;
  if (isPostgres) refusePassword(address);
  const members = {
    url: isPostgres || address.startsWith('sqlite:') ? address : `sqlite:${address}`,
    ...(access && { password: { secret: access.secret } }),
  };
  const unnamed = readMembers({ ...members, table: '-' }, SQL_OPTIONS, 'source');
  const database = await openDatabase(unnamed, opening);
  let table: string;
  try {
    const tables = await namesIn(database, isPostgres ? POSTGRES_TABLES : SQLITE_TABLES);
    table = chooseRelation(tables, request.relation, { place: `The database ${basename(address)}`, relation: 'table' });
  } finally {
    await database.close();
  }
  const named = { ...members, table };
  return {
    members: named,
    name: table.split('.').at(-1) ?? table,
    notes: [],
    description: await describeRelation(readMembers(named, SQL_OPTIONS, 'source'), opening),
    gives: 'all rows',
    incremental: (column) => ({ column }),
  };
}

async function namesIn(database: SqlDatabase, from: string): Promise<readonly string[]> {
  const relation = await database.look(from, false);
  const names: string[] = [];
  for await (const records of readCsv(database.read(`SELECT name FROM ${from} ORDER BY name`, relation), {
    maxRecordBytes: MAX_NAME_BYTES,
  })) {
    for (const { cells } of records) names.push(cells?.[0] ?? '');
  }
  return names.slice(1);
}

function refusePassword(address: string): void {
  if (!URL.canParse(address) || new URL(address).password === '') return;
  const message =
    'The address holds a password, and files hold none: keep it as a secret (FORGE_SECRET_NAME), take it out of the address, and give --secret NAME.';
  throw new DataForgeError('invalid_parameter', message);
}
