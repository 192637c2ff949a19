import { type DuckDBPreparedStatement, DuckDBTypeId } from '@duckdb/node-api';
import type { SqlPlaceholder } from '#application/ports/sql-runner.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import type { SqlParameter, SqlParameters } from '#domain/sql/sql-type.ts';
import { translateDuckDbError } from './duckdb-errors.ts';
import type { DuckDbParameter } from './duckdb-session.ts';
import { foldName, refused } from './duckdb-sql-proof.ts';
import { type ProvedSql, proveSql, sqlError } from './duckdb-sql-sandbox.ts';
import type { DuckDbSqlSession } from './duckdb-sql-sessions.ts';
import { type ResultColumn, resultColumns, sqlTypeOfEngine } from './duckdb-sql-types.ts';

/** A proved query and what of its answer does not depend on the values of parameters. */
export interface AnalysedSql extends ProvedSql {
  /** Null where the type of one depends on a parameter. */
  readonly known: readonly ResultColumn[] | null;
  readonly placeholders: readonly SqlPlaceholder[];
}

/** A query with its values and what it will answer. */
export interface SqlPlan extends ProvedSql {
  readonly columns: readonly ResultColumn[];
  readonly placeholders: readonly SqlPlaceholder[];
  readonly values: readonly DuckDbParameter[];
}

/** Proves a query and finds its columns and placeholders without running it. */
export async function analyseSql(
  borrowed: DuckDbSqlSession,
  sql: string,
  datasets: readonly Dataset[],
): Promise<AnalysedSql> {
  const { session } = borrowed;
  const proved = await proveSql(session, sql, new Set(datasets.map(({ name }) => foldName(name))));
  await borrowed.show(datasets, proved.read);
  try {
    const statement = await session.connection.prepare(proved.explain ? `EXPLAIN ${proved.select}` : proved.select);
    const analysed = { ...proved, known: knownColumns(statement), placeholders: placeholdersOf(statement) };
    statement.destroySync();
    return analysed;
  } catch (error) {
    throw sqlError(translateDuckDbError(error));
  }
}

/**
 * Gives an analysed query its values.
 * @param borrowed a session that shows what the query reads
 * @param parameters null where they are not known yet: what depends on their types is then found as if they were null
 */
export async function bindSql(
  { session }: DuckDbSqlSession,
  { known, ...analysed }: AnalysedSql,
  parameters: SqlParameters | null,
): Promise<SqlPlan> {
  const names = analysed.placeholders.map(({ name }) => name);
  const values = parameters === null ? names.map(() => null) : valuesOf(names, parameters);
  if (known !== null) return { ...analysed, columns: known, values };
  try {
    const result = await session.materialize(`(\n${analysed.select}\n) LIMIT 0`, values);
    return { ...analysed, columns: resultColumns(result.columnNames(), result.columnTypes()), values };
  } catch (error) {
    throw sqlError(translateDuckDbError(error));
  }
}

function placeholdersOf(statement: DuckDBPreparedStatement): SqlPlaceholder[] {
  return Array.from({ length: statement.parameterCount }, (_, at) => {
    const name = statement.parameterName(at + 1);
    const isKnown = statement.parameterTypeId(at + 1) !== DuckDBTypeId.INVALID;
    const type = isKnown ? sqlTypeOfEngine(statement.parameterType(at + 1)) : null;
    return { name, type: type?.kind === 'null' ? null : type };
  });
}

/** The columns of a statement; null where the type of one depends on a parameter. */
function knownColumns(statement: DuckDBPreparedStatement): ResultColumn[] | null {
  const places = Array.from({ length: statement.columnCount }, (_, at) => at);
  if (places.some((at) => statement.columnTypeId(at) === DuckDBTypeId.INVALID)) return null;
  const names = places.map((at) => statement.columnName(at));
  const types = places.map((at) => statement.columnType(at));
  return types.length === 0 ? null : resultColumns(names, types);
}

/** The text that runs a plan: at most `limit` rows, with casts where a type has no place in a result. */
export function runnableSql(plan: SqlPlan, limit: number | null, cast = castOf): string {
  if (plan.explain) return `EXPLAIN ${plan.select}`;
  const columns = plan.columns.map((column, at) => cast(column, `c${at}`));
  const isPlain = columns.every((column, at) => column === `c${at}`);
  if (limit === null && isPlain) return plan.select;
  const names = columns.map((_, at) => `c${at}`).join(', ');
  const end = limit === null ? '' : ` LIMIT ${limit}`;
  return `SELECT ${columns.join(', ')} FROM (\n${plan.select}\n) AS result(${names})${end}`;
}

function castOf({ asText }: ResultColumn, column: string): string {
  return asText ? `${column}::VARCHAR` : column;
}

function valuesOf(names: readonly string[], parameters: SqlParameters): DuckDbParameter[] {
  const given = Array.isArray(parameters)
    ? new Map((parameters as readonly SqlParameter[]).map((value, index) => [String(index + 1), value]))
    : new Map(Object.entries(parameters as Readonly<Record<string, SqlParameter>>));
  const values = names.map((name) => {
    const value = [...given].find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
    if (value === undefined) throw refused(`The parameter ${placeholder(name)} has no value; give it in params.`);
    if (typeof value === 'bigint' && BigInt.asIntN(128, value) !== value) {
      throw refused(`The parameter ${placeholder(name)} has more digits than a number may have; send it as a string.`);
    }
    return value;
  });
  const unused = [...given.keys()].find((key) => !names.some((name) => name.toLowerCase() === key.toLowerCase()));
  if (unused === undefined) return values;
  throw refused(`The parameter ${placeholder(unused)} is given, and the query has no such placeholder.`);
}

function placeholder(name: string): string {
  return `$${name.slice(0, 100)}`;
}
