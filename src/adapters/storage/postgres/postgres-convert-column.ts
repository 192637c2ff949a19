import { convertValue } from '#domain/dataset/compare-rules.ts';
import { compareTypes } from '#domain/dataset/compare-types.ts';
import type { Dataset, Property } from '#domain/dataset/dataset.ts';
import type { PostgresConnection } from './postgres-connection.ts';
import { currentTable, historyTable, propertyColumn } from './postgres-layout.ts';
import { arrayOf, columnType, decoderOf, encodeValue, type PostgresValue, parameterType } from './postgres-values.ts';

const VALUES = 'forge_values';
const BLOCK_ROWS = 4096;

/**
 * Gives a column another type. Where every value stays what it is the engine does it; else each different value is
 * converted by the domain, once, and becomes null where the new type has no place for it.
 */
export async function convertColumn(
  connection: PostgresConnection,
  dataset: Dataset,
  former: Property,
  property: Property,
): Promise<void> {
  const [column, type] = [propertyColumn(property), columnType(property.dbType)];
  const tables = [currentTable(dataset), historyTable(dataset)];
  if (compareTypes(former.dbType, property.dbType) === 'wider') {
    for (const table of tables) {
      await connection.batch([
        `ALTER TABLE ${table} ALTER COLUMN ${column} DROP DEFAULT, ALTER COLUMN ${column} TYPE ${type}`,
      ]);
    }
    return;
  }
  await connection.batch([
    `CREATE TEMPORARY TABLE ${VALUES} (former ${columnType(former.dbType)}, value ${type}) ON COMMIT DROP`,
  ]);
  const different = tables.map((table) => `SELECT ${column} FROM ${table} WHERE ${column} IS NOT NULL`).join(' UNION ');
  const decode = decoderOf(former.dbType);
  await connection.batch([`DECLARE forge_former NO SCROLL CURSOR FOR ${different}`]);
  for (;;) {
    const rows = await connection.rows(`FETCH ${BLOCK_ROWS} FROM forge_former`);
    if (rows.length === 0) break;
    const before = rows.map(([value]) => value as PostgresValue);
    const after = before.map((value) => encodeValue(convertValue(former.dbType, property.dbType, decode(value))));
    await connection.run(
      `INSERT INTO ${VALUES} SELECT * FROM unnest($1::${parameterType(former.dbType)}[], $2::${parameterType(property.dbType)}[])`,
      [arrayOf(before), arrayOf(after)],
    );
  }
  const parked = '"forge.former"';
  await connection.batch([
    'CLOSE forge_former',
    ...tables.flatMap((table) => [
      `ALTER TABLE ${table} RENAME COLUMN ${column} TO ${parked}`,
      `ALTER TABLE ${table} ADD COLUMN ${column} ${type}`,
      `UPDATE ${table} SET ${column} = v.value FROM ${VALUES} AS v WHERE ${parked} = v.former`,
      `ALTER TABLE ${table} DROP COLUMN ${parked}`,
    ]),
    `DROP TABLE ${VALUES}`,
  ]);
}
