import type { Dataset, Property } from '#domain/dataset/dataset.ts';
import { formatDbType, sameDbType } from '#domain/dataset/db-type.ts';
import { datasetFromDescription, describeDataset } from '#domain/dataset/describe-dataset.ts';
import type { EvolutionPlan, EvolutionStep, PlannedStep } from '#domain/dataset/evolution.ts';
import { DataForgeError } from '#domain/errors.ts';
import { parseJson, writeJson } from '#domain/record/json.ts';
import type { CompilePattern } from '#domain/record/pattern.ts';
import { newlyRequired, refuseMisfits, refuseNulls, repeatedKey } from '../shared/settle-steps.ts';
import { identifier, literal } from '../sql/identifier.ts';
import { settleStep } from './sqlite-check-step.ts';
import type { SqliteConnection } from './sqlite-connection.ts';
import { isConstraintError } from './sqlite-errors.ts';
import {
  columnDefinition,
  createTables,
  currentTable,
  DATASETS,
  declaredIndexes,
  HISTORY_COLUMN_NAMES,
  historyTable,
  propertyColumn,
  SYSTEM_COLUMN_NAMES,
  standingIndexes,
} from './sqlite-layout.ts';
import { valueLiteral } from './sqlite-values.ts';

/** Steps after which the columns that were there are as they were. */
const IN_PLACE: ReadonlySet<EvolutionStep['kind']> = new Set([
  'add-property',
  'tighten-rules',
  'relax-rules',
  'add-unique',
  'drop-unique',
  'add-index',
  'drop-index',
  'change-default',
  'reorder-properties',
  'change-id-index',
  'change-description',
]);

/** The engine's tables have at most 2 000 columns, those of the platform among them. */
const MOST_PROPERTIES = 1980;

/** Every dataset that has tables, as it was last applied. */
export function datasetsIn(connection: SqliteConnection): Dataset[] {
  return connection
    .rows(`SELECT definition FROM ${DATASETS} ORDER BY name`)
    .map(([definition]) => datasetFromDescription(parseJson(String(definition))));
}

/**
 * Brings a dataset's tables to what a plan says; runs inside a transaction.
 * @throws DataForgeError `incompatible_schema` where rows do not fit
 */
export function evolve(connection: SqliteConnection, plan: EvolutionPlan, compilePattern: CompilePattern): void {
  const { dataset, stored } = plan;
  refuseManyProperties(dataset);
  if (stored === null) {
    for (const sql of createTables(dataset)) connection.execute(sql);
    for (const { sql } of [...standingIndexes(dataset), ...declaredIndexes(dataset)]) connection.execute(sql);
  } else {
    const settled = plan.steps.map((step) => settleStep(connection, stored, step, compilePattern));
    refuseMisfits(plan.steps, settled);
    if (settled.every(({ step }) => IN_PLACE.has(step.kind))) addColumns(connection, dataset, settled);
    else rebuild(connection, stored, dataset);
    for (const property of newlyRequired(plan)) {
      const sql = `SELECT count(*) FROM ${currentTable(dataset)} WHERE ${propertyColumn(property)} IS NULL`;
      refuseNulls(plan, property, Number(connection.row(sql)?.[0] ?? 0));
    }
    renewIndexes(connection, stored, dataset);
  }
  connection.run(`INSERT OR REPLACE INTO ${DATASETS} (name, definition) VALUES (?1, ?2)`, [
    dataset.name,
    writeJson(describeDataset(dataset)),
  ]);
}

/** @throws DataForgeError `unsupported_by_engine` */
export function refuseManyProperties({ name, properties }: Dataset): void {
  if (properties.length <= MOST_PROPERTIES) return;
  const message = `SQLite keeps datasets of at most ${MOST_PROPERTIES} properties, and "${name}" has ${properties.length}.`;
  throw new DataForgeError('unsupported_by_engine', message);
}

function addColumns(connection: SqliteConnection, dataset: Dataset, steps: readonly PlannedStep[]): void {
  for (const { step } of steps) {
    if (step.kind !== 'add-property') continue;
    const { property } = step;
    const column = `${columnDefinition(property)} DEFAULT ${valueLiteral(property.dbType, property.default)}`;
    for (const table of [currentTable(dataset), historyTable(dataset)]) {
      connection.execute(`ALTER TABLE ${table} ADD COLUMN ${column}`);
    }
  }
}

/** Writes the tables anew, each value converted where it can be. */
function rebuild(connection: SqliteConnection, stored: Dataset, dataset: Dataset): void {
  const parked = { ...stored, tableName: `${stored.tableName}:former` };
  for (const table of [currentTable, historyTable]) {
    connection.execute(`ALTER TABLE ${table(stored)} RENAME TO ${table(parked)}`);
  }
  for (const sql of createTables(dataset)) connection.execute(sql);
  const values = dataset.properties.map((property) => formerValue(stored, property)).join(', ');
  const names = dataset.properties.map(propertyColumn).join(', ');
  const copy = (to: string, from: string, columns: readonly string[]) =>
    connection.execute(
      `INSERT INTO ${to} (${columns.join(', ')}, ${names}) SELECT ${columns.join(', ')}, ${values} FROM ${from}`,
    );
  copy(currentTable(dataset), currentTable(parked), SYSTEM_COLUMN_NAMES);
  copy(historyTable(dataset), historyTable(parked), [...HISTORY_COLUMN_NAMES, ...SYSTEM_COLUMN_NAMES]);
  for (const table of [currentTable, historyTable]) connection.execute(`DROP TABLE ${table(parked)}`);
  for (const { sql } of standingIndexes(dataset)) connection.execute(sql);
}

/** What a property of the new table takes from the former one: its value, converted where it can be, else the default. */
function formerValue(stored: Dataset, property: Property): string {
  const former = stored.properties.find(({ name }) => name === property.name);
  if (former === undefined) return valueLiteral(property.dbType, property.default);
  const column = propertyColumn(property);
  if (sameDbType(former.dbType, property.dbType)) return column;
  const [from, to] = [former.dbType, property.dbType].map((type) => literal(formatDbType(type)));
  return `forge_convert(${column}, ${from}, ${to})`;
}

/** The indexes of tables that are written anew went with the former ones. */
function renewIndexes(connection: SqliteConnection, stored: Dataset, dataset: Dataset): void {
  const there = new Map(
    connection
      .rows(`SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ?1 AND sql IS NOT NULL`, [
        `data.${dataset.tableName}`,
      ])
      .map(([name, sql]) => [identifier(String(name)), String(sql)]),
  );
  const wanted = new Map(declaredIndexes(dataset).map(({ name, sql }) => [name, sql]));
  for (const { name } of declaredIndexes(stored)) {
    if (there.has(name) && wanted.get(name) !== there.get(name)) {
      connection.execute(`DROP INDEX ${name}`);
      there.delete(name);
    }
  }
  for (const [name, sql] of wanted) {
    if (there.has(name)) continue;
    try {
      connection.execute(sql);
    } catch (error) {
      if (!isConstraintError(error)) throw error;
      throw repeatedKey(dataset.name);
    }
  }
}
