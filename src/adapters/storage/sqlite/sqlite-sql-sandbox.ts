import { constants, DatabaseSync } from 'node:sqlite';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { parseDbType } from '#domain/dataset/db-type.ts';
import { timestampOfMicros } from '#formats/columns/temporal.ts';
import { literal } from '../sql/identifier.ts';
import type { SqlQuery } from './sqlite-sql-calls.ts';
import { ALLOWED_FUNCTIONS, ALLOWED_TABLE_FUNCTIONS } from './sqlite-sql-functions.ts';
import { refused } from './sqlite-sql-text.ts';
import { readColumns, typesSql, viewSql } from './sqlite-sql-views.ts';
import { decoderOf } from './sqlite-values.ts';

/** Bounds within the engine for one query: of a value, of a statement, of what it is made of. */
const LIMITS = {
  length: 64 * 1024 * 1024,
  sqlLength: 512 * 1024,
  exprDepth: 500,
  compoundSelect: 200,
  attach: 0,
  likePatternLength: 10_000,
  variableNumber: 1000,
} as const;

/** Names of tables beneath the views. */
const BENEATH = /^(?:data|history|forge)\.|^sqlite_/i;

/**
 * A connection on which a query reads the views of the datasets and nothing else. It is read-only, knows the datasets as
 * temporary views, and the engine's authorizer is asked for every table, column and function a query names: what is
 * not on its lists is refused, whatever the text looks like.
 */
export function openSandbox(
  { path, spoolDir, memoryBytes }: Pick<SqlQuery, 'path' | 'spoolDir' | 'memoryBytes'>,
  datasets: readonly Dataset[],
): DatabaseSync {
  const database = new DatabaseSync(path, { readOnly: true, limits: LIMITS, defensive: true, allowExtension: false });
  database.exec('PRAGMA trusted_schema = OFF');
  database.exec(`PRAGMA temp_store_directory = ${literal(spoolDir)}`);
  database.exec(`PRAGMA hard_heap_limit = ${Math.floor(memoryBytes)}`);
  defineShowing(database);
  for (const dataset of datasets) database.exec(viewSql(dataset));
  const readable = new Map<string, ReadonlySet<string>>();
  for (const dataset of datasets) {
    readable.set(
      `data.${dataset.tableName}`.toLowerCase(),
      new Set(readColumns(dataset).map((name) => name.toLowerCase())),
    );
  }
  // The engine tells names as the query writes them.
  const views = new Set(datasets.map(({ name }) => name.toLowerCase()));
  const modules = new Set(
    database
      .prepare('PRAGMA module_list')
      .all()
      .map(({ name }) => String(name).toLowerCase()),
  );
  database.setAuthorizer((action, first, second, schema, view) => {
    switch (action) {
      case constants.SQLITE_SELECT:
      case constants.SQLITE_RECURSIVE:
        return constants.SQLITE_OK;
      case constants.SQLITE_FUNCTION:
        return verdict(ALLOWED_FUNCTIONS.has(String(second).toLowerCase()));
      case constants.SQLITE_READ:
        return verdict(mayRead(String(first), String(second), schema, view));
      default:
        return constants.SQLITE_DENY;
    }
  });

  function mayRead(table: string, column: string, schema: string | null, view: string | null): boolean {
    if (schema === 'temp') return views.has(table.toLowerCase());
    if (ALLOWED_TABLE_FUNCTIONS.has(table.toLowerCase())) return true;
    // A part of the query itself of which no column is read; a table of the store would tell its schema or is named so.
    if (schema === null && column === '') return !BENEATH.test(table) && !isModule(table.toLowerCase());
    const columns = readable.get(table.toLowerCase());
    if (columns === undefined || schema !== 'main') return false;
    // A table that is only counted is read with no column, and the authorizer is not told by which view.
    return column === '' || (view !== null && views.has(view.toLowerCase()) && columns.has(column.toLowerCase()));
  }
  function isModule(name: string): boolean {
    return modules.has(name) || name.startsWith('pragma_');
  }
  return database;
}

/** Tables with the names, the columns and the types of the datasets, and with no rows. */
export function openTypes(datasets: readonly Dataset[]): DatabaseSync {
  const database = new DatabaseSync(':memory:', { limits: LIMITS, allowExtension: false });
  defineShowing(database);
  for (const dataset of datasets) database.exec(typesSql(dataset));
  return database;
}

/** @throws DataForgeError `invalid_sql` where a text names what lies beneath the datasets, which is no dataset's name */
export function refuseBeneath(names: ReadonlySet<string>, datasets: readonly Dataset[]): void {
  const known = new Set(datasets.map(({ name }) => name.toLowerCase()));
  for (const name of names) {
    if (BENEATH.test(name) && !known.has(name.toLowerCase())) {
      throw refused(`"${name.slice(0, 100)}" is no dataset; only datasets can be read, each by its name.`);
    }
  }
}

function verdict(isAllowed: boolean): number {
  return isAllowed ? constants.SQLITE_OK : constants.SQLITE_DENY;
}

/** How values that the engine has no type for are shown to people's SQL. */
function defineShowing(database: DatabaseSync): void {
  const options = { deterministic: true, useBigIntArguments: true } as const;
  database.function('forge_moment', options, (micros) =>
    typeof micros === 'bigint' ? timestampOfMicros(micros).replace('T', ' ').replace('Z', '') : null,
  );
  const decoders = new Map<unknown, (stored: string | bigint) => unknown>();
  database.function('forge_decimal', options, (stored, name) => {
    if (stored === null) return null;
    let decode = decoders.get(name);
    if (decode === undefined) {
      const type = parseDbType(String(name));
      if (type === undefined) return null;
      decode = decoderOf(type) as (stored: string | bigint) => unknown;
      decoders.set(name, decode);
    }
    return decode(stored as string | bigint) as string;
  });
}
