import { convertValue } from '#domain/dataset/compare-rules.ts';
import type { Property } from '#domain/dataset/dataset.ts';
import type { Value } from '#domain/record/value.ts';
import { columnType, propertyColumn } from './duckdb-layout.ts';
import { canonicalValue, castColumns, packRows, unpackRows } from './duckdb-rows.ts';
import type { DuckDbSession } from './duckdb-session.ts';

/** So many different values are converted at once. */
const BLOCK_VALUES = 4096;

const DIFFERENT = 'temp.forge_different';

/** The different values of a column with the number of rows that have each, in blocks. */
export async function* differentValues(
  session: DuckDbSession,
  property: Property,
  tables: readonly string[],
): AsyncGenerator<[Value, number][]> {
  const column = propertyColumn(property);
  const all = tables.map((table) => `SELECT ${column} AS value FROM ${table}`).join(' UNION ALL ');
  await session.execute(
    `CREATE OR REPLACE TEMP TABLE forge_different AS SELECT row_number() OVER () - 1 AS place, value, times ` +
      `FROM (SELECT value, count(*) AS times FROM (${all}) GROUP BY value)`,
  );
  try {
    const value = canonicalValue(property.dbType, 'value');
    for (let from = 0; ; from += BLOCK_VALUES) {
      const rows = await session.rows(
        `SELECT ${value}, times::DOUBLE FROM ${DIFFERENT} WHERE place >= ${from} AND place < ${from + BLOCK_VALUES}`,
      );
      if (rows.length === 0) return;
      yield rows.map(([found, times]) => [(found ?? null) as Value, Number(times)]);
    }
  } finally {
    await session.execute(`DROP TABLE IF EXISTS ${DIFFERENT}`);
  }
}

/**
 * Makes a table of what the domain makes of each value of a column in another type, null where that has no place for it.
 * @returns what the tables of the dataset are joined with, and the expression that is the converted value then
 */
export async function convertedValues(
  session: DuckDbSession,
  { former, property, tables, at }: ConvertedColumn,
): Promise<{ readonly join: string; readonly value: string; readonly drop: string }> {
  const name = `forge_values_${at}`;
  const types = [columnType(former.dbType), columnType(property.dbType)];
  await session.execute(`CREATE OR REPLACE TEMP TABLE ${name} (former ${types[0]}, value ${types[1]})`);
  for await (const values of differentValues(session, former, tables)) {
    const texts = values.flatMap(([value]) => {
      const converted = convertValue(former.dbType, property.dbType, value);
      return value === null || converted === null ? [] : [[String(value), String(converted)]];
    });
    if (texts.length === 0) continue;
    await session.run(`INSERT INTO temp.${name} SELECT ${castColumns(types)} FROM ${unpackRows('$1', 2)}`, [
      packRows(texts),
    ]);
  }
  return {
    join: `LEFT JOIN temp.${name} AS c${at} ON c${at}.former = t.${propertyColumn(former)}`,
    value: `c${at}.value`,
    drop: `DROP TABLE temp.${name}`,
  };
}

/** A column that is to have another type; `at` tells it from the others. */
interface ConvertedColumn {
  readonly former: Property;
  readonly property: Property;
  readonly tables: readonly string[];
  readonly at: number;
}
