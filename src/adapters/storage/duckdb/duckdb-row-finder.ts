import type { Dataset } from '#domain/dataset/dataset.ts';
import { locatorOf } from '#domain/record/id.ts';
import type { Value } from '#domain/record/value.ts';
import { columnType, currentTable, propertyColumn } from './duckdb-layout.ts';
import type { LocatorIndexes } from './duckdb-locator-indexes.ts';
import { DatasetRowPlaces, type RowPlaces } from './duckdb-row-places.ts';
import { packRows, unpackRows } from './duckdb-rows.ts';
import type { DuckDbSession } from './duckdb-session.ts';

/** So many values in an `IN` list and no more, or a join with them. */
const MAX_LISTED = 128;

/** Finds current rows by their ids and by keys, each in the way that is quickest for its table. */
export class RowFinder {
  readonly #indexes: LocatorIndexes;
  readonly #places = new DatasetRowPlaces();

  constructor(indexes: LocatorIndexes) {
    this.#indexes = indexes;
  }

  /**
   * The rows with these ids.
   * @param columns what to read of each row; the first is `_id::VARCHAR`
   */
  async byIds(session: DuckDbSession, dataset: Dataset, columns: string, ids: readonly string[]): Promise<unknown[][]> {
    const table = currentTable(dataset);
    const wanted = new Set(ids);
    const from = `SELECT ${columns} FROM ${table} WHERE`;
    if (wanted.size <= MAX_LISTED) {
      if (dataset.idIndex === 'always') return await session.rows(...listed(`${from} _id`, 'UUID', [...wanted]));
      if (this.#indexes.has(dataset)) {
        const locators = [...wanted].map((id) => BigInt(locatorOf(id)));
        return withIds(await session.rows(...listed(`${from} _locator`, 'BIGINT', locators)), wanted);
      }
    }
    this.#indexes.sought(dataset, wanted.size);
    return searchByIds({ session, table, columns, places: this.#places.of(dataset) }, wanted);
  }

  /** The rows that hold these keys in the properties with these indexes. */
  byKeys(
    session: DuckDbSession,
    dataset: Dataset,
    columns: string,
    indexes: readonly number[],
    keys: readonly (readonly Value[])[],
  ): Promise<unknown[][]> {
    const properties = indexes.map((index) => propertyAt(dataset, index));
    const [first] = properties;
    const from = `SELECT ${columns} FROM ${currentTable(dataset)} AS t`;
    if (first !== undefined && properties.length === 1 && keys.length <= MAX_LISTED) {
      const values = keys.map(([value]) => String(value));
      return session.rows(...listed(`${from} WHERE ${propertyColumn(first)}`, columnType(first.dbType), values));
    }
    const conditions = properties.map(
      (property, at) => `t.${propertyColumn(property)} = k.c${at}::${columnType(property.dbType)}`,
    );
    return session.rows(`${from} SEMI JOIN ${unpackRows('$1', indexes.length)} AS k ON ${conditions.join(' AND ')}`, [
      packRows(keys.map((key) => key.map((value) => (value === null ? null : String(value))))),
    ]);
  }
}

interface IdSearch {
  readonly session: DuckDbSession;
  readonly table: string;
  readonly columns: string;
  readonly places: RowPlaces;
}

async function searchByIds(search: IdSearch, wanted: Set<string>): Promise<unknown[][]> {
  const [only] = wanted;
  if (only !== undefined && wanted.size === 1) return withIds(await rowOfOne(search, only), wanted);
  const found = withIds(await rowsWhereGuessed(search, wanted), wanted);
  for (const [id] of found) wanted.delete(String(id));
  return wanted.size === 0 ? found : [...found, ...(await rowsSought(search, wanted))];
}

function rowOfOne({ session, table, columns }: IdSearch, id: string): Promise<unknown[][]> {
  return session.rows(`SELECT ${columns} FROM ${table} WHERE _locator = $1::BIGINT`, [BigInt(locatorOf(id))]);
}

/**
 * The rows that lie where they are guessed to lie; none where there is an id of which nothing is known. Locator and row
 * number together let the engine skip row groups by the one and blocks of a row group by the other.
 */
async function rowsWhereGuessed(search: IdSearch, ids: ReadonlySet<string>): Promise<unknown[][]> {
  const { session, table, columns, places } = search;
  const locators = [...ids].map(locatorOf);
  const guesses = locators.map((locator) => places.guess(locator));
  if (guesses.includes(null)) return [];
  return await session.rows(
    `SELECT ${columns} FROM ${table} AS t SEMI JOIN ` +
      '(SELECT unnest($1::BIGINT[]) AS l, unnest($2::BIGINT[]) AS r) AS k ON t._locator = k.l AND t.rowid = k.r',
    [`[${locators.join(',')}]`, `[${guesses.join(',')}]`],
  );
}

/**
 * The rows with these ids, wherever they lie. They are found by one narrow column, whose row groups the engine skips
 * where they can hold none of the locators; only then are their other columns read. For many ids that is several times
 * quicker than asking for all columns at once (docs/adr/0004).
 */
async function rowsSought(search: IdSearch, ids: ReadonlySet<string>): Promise<unknown[][]> {
  const { session, table, columns, places } = search;
  const rows = await session.rows(
    `SELECT ${columns}, rowid FROM ${table} WHERE _locator IN (SELECT unnest($1::BIGINT[])) AND rowid IN ` +
      `(SELECT rowid FROM ${table} SEMI JOIN (SELECT unnest($1::BIGINT[]) AS l) AS k ON _locator = k.l)`,
    [`[${[...ids].map(locatorOf).join(',')}]`],
  );
  const found = withIds(rows, ids);
  for (const row of found) places.learn(locatorOf(String(row[0])), Number(row.at(-1)));
  return found.map((row) => row.slice(0, -1));
}

function withIds(rows: readonly unknown[][], ids: ReadonlySet<string>): unknown[][] {
  return rows.filter(([id]) => ids.has(String(id)));
}

/**
 * `… IN (…)`, which the engine answers by the column's index where there is one. The list is filled up to a power of two
 * with its last value, so that few statements are prepared.
 */
function listed<T extends string | bigint>(select: string, type: string, values: readonly T[]): [string, T[]] {
  const length = 2 ** Math.ceil(Math.log2(values.length));
  const filled = [...values, ...Array<T>(length - values.length).fill(values.at(-1) as T)];
  return [`${select} IN (${filled.map((_, index) => `$${index + 1}::${type}`).join(', ')})`, filled];
}

function propertyAt(dataset: Dataset, index: number) {
  const property = dataset.properties[index];
  if (property === undefined) throw new RangeError(`dataset "${dataset.name}" has no property ${index}`);
  return property;
}
