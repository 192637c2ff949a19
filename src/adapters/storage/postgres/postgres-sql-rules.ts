import type { Dataset } from '#domain/dataset/dataset.ts';
import type { PostgresConnection } from './postgres-connection.ts';
import { shortName } from './postgres-names.ts';
import { type ReadableSql, refused } from './postgres-sql-text.ts';
import { arrayOf } from './postgres-values.ts';

/** Functions that give another value each time and do no more than that. */
const HARMLESS = ['random', 'random_normal', 'gen_random_uuid', 'uuidv4', 'uuidv7', 'clock_timestamp', 'timeofday'];

/** Functions that change nothing and tell of the server, its settings or its other objects. */
const TELLING =
  '^(pg_|lo_|has_|inet_(client|server)|txid_|to_reg|row_security|ts_|.*_to_xml|.*_to_xmlschema|.*_description$)|^(version|current_setting|current_(database|query|schemas?|user)|session_user|getpgusername|format_type|getdatabaseencoding|icu_unicode_version|unicode_version|acldefault|aclexplode|makeaclitem|amvalidate)$';

/**
 * Refuses functions that do or tell more than a query of datasets has to, by the server's own list of what they are, and
 * names of other schemas. Behind it the role stands, which may read the views alone.
 * @throws DataForgeError `invalid_sql`
 */
export async function refuseReaching(
  connection: PostgresConnection,
  { calls, qualifiers }: ReadableSql,
): Promise<void> {
  const functions =
    'SELECT proname FROM pg_proc WHERE proname = ANY($1::text[]) AND proname <> ALL($2::text[]) ' +
    `AND proname <> 'pg_typeof' AND (provolatile = 'v' OR proname ~ $3) LIMIT 1`;
  const called = await connection.row(functions, [arrayOf([...calls]), arrayOf(HARMLESS), TELLING]);
  if (called !== null) throw refused(`The function "${called[0]}" cannot be called here.`);
  const schemas =
    'SELECT nspname FROM pg_namespace WHERE nspname = ANY($1::text[]) AND nspname <> current_schema() LIMIT 1';
  const other = await connection.row(schemas, [arrayOf([...qualifiers])]);
  if (other !== null) throw refused(`There is no schema "${other[0]}" here; name datasets alone.`);
}

/** Refuses datasets that the caller is not given. @throws DataForgeError `invalid_sql` */
export async function refuseOthers(
  connection: PostgresConnection,
  { names }: ReadableSql,
  datasets: readonly Dataset[],
): Promise<void> {
  const given = new Set(datasets.map(({ name }) => shortName(name)));
  const views = "SELECT relname FROM pg_class WHERE relkind = 'v' AND relnamespace = current_schema()::regnamespace";
  const hidden = (await connection.rows(views)).map(([name]) => String(name)).filter((name) => !given.has(name));
  const named = hidden.find((name) => names.has(name));
  if (named !== undefined) throw refused(`There is no dataset "${named}" here.`);
}
