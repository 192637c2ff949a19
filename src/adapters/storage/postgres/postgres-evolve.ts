import type { Dataset } from '#domain/dataset/dataset.ts';
import { sameDbType } from '#domain/dataset/db-type.ts';
import { datasetFromDescription, describeDataset } from '#domain/dataset/describe-dataset.ts';
import type { EvolutionPlan } from '#domain/dataset/evolution.ts';
import { parseJson, writeJson } from '#domain/record/json.ts';
import type { CompilePattern } from '#domain/record/pattern.ts';
import { newlyRequired, refuseMisfits, refuseNulls, repeatedKey } from '../shared/settle-steps.ts';
import { settleSteps } from './postgres-check-step.ts';
import type { PostgresConnection } from './postgres-connection.ts';
import { convertColumn } from './postgres-convert-column.ts';
import { isUniqueViolation } from './postgres-errors.ts';
import {
  createTables,
  currentTable,
  DATASETS,
  declaredIndexes,
  historyTable,
  propertyColumn,
} from './postgres-layout.ts';
import { quotedName } from './postgres-names.ts';
import { columnType, valueLiteral } from './postgres-values.ts';
import { createView, dropView, type Reader } from './postgres-views.ts';

interface EvolveMeans {
  readonly compilePattern: CompilePattern;
  readonly schema: string;
  readonly reader: Reader | null;
}

/** Every dataset that has tables, as it was last applied. */
export async function datasetsIn(connection: PostgresConnection): Promise<Dataset[]> {
  const rows = await connection.rows(`SELECT definition FROM ${DATASETS} ORDER BY name`);
  return rows.map(([definition]) => datasetFromDescription(parseJson(String(definition))));
}

export function definitionOf(dataset: Dataset): string {
  return writeJson(describeDataset(dataset));
}

/**
 * Brings a dataset's tables to what a plan says; runs inside a transaction.
 * @throws DataForgeError `incompatible_schema` where rows do not fit
 */
export async function evolve(
  connection: PostgresConnection,
  plan: EvolutionPlan,
  { compilePattern, schema, reader }: EvolveMeans,
): Promise<void> {
  const { dataset, stored } = plan;
  if (stored === null) {
    await connection.batch([...createTables(dataset), ...declaredIndexes(dataset).map(({ sql }) => sql)]);
  } else {
    refuseMisfits(plan.steps, await settleSteps(connection, plan, compilePattern));
    await connection.batch([dropView(stored, schema)]);
    await changeTables(connection, stored, dataset);
    for (const property of newlyRequired(plan)) {
      const sql = `SELECT count(*) FROM ${currentTable(dataset)} WHERE ${propertyColumn(property)} IS NULL`;
      refuseNulls(plan, property, Number((await connection.row(sql))?.[0] ?? 0));
    }
    await renewIndexes(connection, stored, dataset);
  }
  await connection.run(
    `INSERT INTO ${DATASETS} (name, definition) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET definition = excluded.definition`,
    [dataset.name, definitionOf(dataset)],
  );
  if (reader !== null) await connection.batch(createView(dataset, schema, reader.role));
}

/** Columns lie in any order: statements name them. A new one keeps its default, for instances that do not know it yet. */
async function changeTables(connection: PostgresConnection, stored: Dataset, dataset: Dataset): Promise<void> {
  const before = new Map(stored.properties.map((property) => [property.name, property]));
  const after = new Set(dataset.properties.map(({ name }) => name));
  for (const table of [currentTable, historyTable]) {
    const name = table(dataset);
    if (name !== table(stored)) await connection.batch([`ALTER TABLE ${table(stored)} RENAME TO ${name}`]);
    const dropped = stored.properties
      .filter((property) => !after.has(property.name))
      .map((property) => `DROP COLUMN ${propertyColumn(property)}`);
    const added = dataset.properties
      .filter((property) => !before.has(property.name))
      .map((property) => {
        const preset = valueLiteral(property.dbType, property.default);
        return `ADD COLUMN ${propertyColumn(property)} ${columnType(property.dbType)} DEFAULT ${preset}`;
      });
    const changes = [...dropped, ...added];
    if (changes.length > 0) await connection.batch([`ALTER TABLE ${name} ${changes.join(', ')}`]);
  }
  for (const property of dataset.properties) {
    const former = before.get(property.name);
    if (former === undefined || sameDbType(former.dbType, property.dbType)) continue;
    await convertColumn(connection, dataset, former, property);
  }
}

/** Indexes go with the columns that they are on. */
async function renewIndexes(connection: PostgresConnection, stored: Dataset, dataset: Dataset): Promise<void> {
  const sql = "SELECT relname FROM pg_class WHERE relkind = 'i' AND relnamespace = current_schema()::regnamespace";
  const there = new Set((await connection.rows(sql)).map(([name]) => quotedName(String(name))));
  const wanted = declaredIndexes(dataset);
  const isWanted = (index: (typeof wanted)[number]) =>
    wanted.some(({ name, sql }) => name === index.name && sql === index.sql);
  for (const index of declaredIndexes(stored)) {
    if (!there.has(index.name) || isWanted(index)) continue;
    await connection.batch([`DROP INDEX ${index.name}`]);
    there.delete(index.name);
  }
  for (const { name, sql } of wanted) {
    if (there.has(name)) continue;
    try {
      await connection.batch([sql]);
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      throw repeatedKey(dataset.name);
    }
  }
}
