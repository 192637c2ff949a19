import type { Dataset, Property } from '#domain/dataset/dataset.ts';
import type { EvolutionPlan, EvolutionStep } from '#domain/dataset/evolution.ts';
import { identifier } from '../sql/identifier.ts';
import {
  columnType,
  createIndex,
  createTables,
  currentTable,
  dropIndex,
  HISTORY_COLUMN_NAMES,
  historyTable,
  type IndexDefinition,
  indexesOf,
  propertyColumn,
  SYSTEM_COLUMN_NAMES,
} from './duckdb-layout.ts';
import { valueLiteral } from './duckdb-rules.ts';
import type { DuckDbSession } from './duckdb-session.ts';

/** Steps after which the tables' columns are as they were. */
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

/**
 * Brings a dataset's tables to what a plan says, then runs `record` in the same transaction. Columns that are new are
 * added first, in a transaction of their own, because the engine cannot add a column and an index of one table at
 * once; a process that is killed in between finds them there and goes on. Whatever touches columns that exist is done
 * by writing the tables anew, since the engine alters no indexed table.
 */
export async function evolveTables(
  session: DuckDbSession,
  stored: Dataset,
  { dataset, steps }: EvolutionPlan,
  record: () => Promise<void>,
): Promise<void> {
  if (!steps.every(({ step }) => IN_PLACE.has(step.kind))) {
    await session.transaction(async () => {
      await dropIndexes(session, indexesOf(stored));
      await rebuild(session, stored, dataset);
      for (const index of indexesOf(dataset)) await session.execute(createIndex(dataset, index));
      await record();
    });
    return;
  }
  for (const { step } of steps) {
    if (step.kind === 'add-property') await addColumn(session, dataset, step.property);
  }
  await session.transaction(async () => {
    const before = new Map(indexesOf(stored).map((index) => [JSON.stringify(index), index]));
    const after = new Map(indexesOf(dataset).map((index) => [JSON.stringify(index), index]));
    await dropIndexes(
      session,
      [...before].flatMap(([key, index]) => (after.has(key) ? [] : [index])),
    );
    for (const [key, index] of after) {
      if (!before.has(key)) await session.execute(createIndex(dataset, index));
    }
    await record();
  });
}

async function dropIndexes(session: DuckDbSession, indexes: readonly IndexDefinition[]): Promise<void> {
  for (const index of indexes) await session.execute(dropIndex(index));
}

async function addColumn(session: DuckDbSession, dataset: Dataset, property: Property): Promise<void> {
  const column = `${propertyColumn(property)} ${columnType(property.dbType)} DEFAULT ${valueLiteral(property, property.default)}`;
  for (const table of [currentTable(dataset), historyTable(dataset)]) {
    await session.execute(`ALTER TABLE ${table} ADD COLUMN IF NOT EXISTS ${column}`);
  }
}

async function rebuild(session: DuckDbSession, stored: Dataset, dataset: Dataset): Promise<void> {
  const parked = (schema: string) => `${schema}.${identifier(`${stored.tableName}:former`)}`;
  await session.execute(`ALTER TABLE ${currentTable(stored)} RENAME TO ${identifier(`${stored.tableName}:former`)}`);
  await session.execute(`ALTER TABLE ${historyTable(stored)} RENAME TO ${identifier(`${stored.tableName}:former`)}`);
  for (const sql of createTables(dataset)) await session.execute(sql);
  const values = dataset.properties.map((property) => formerValue(stored, property)).join(', ');
  const names = dataset.properties.map(propertyColumn).join(', ');
  const copy = (table: string, from: string, columns: readonly string[]) =>
    `INSERT INTO ${table} (${columns.join(', ')}, ${names}) SELECT ${columns.join(', ')}, ${values} FROM ${from} ORDER BY rowid`;
  await session.execute(copy(currentTable(dataset), parked('data'), SYSTEM_COLUMN_NAMES));
  await session.execute(
    copy(historyTable(dataset), parked('history'), [...SYSTEM_COLUMN_NAMES, ...HISTORY_COLUMN_NAMES]),
  );
  await session.execute(`DROP TABLE ${parked('data')}`);
  await session.execute(`DROP TABLE ${parked('history')}`);
}

/** What a property of the new table takes from the former one: its value, converted where it can be, else the default. */
function formerValue(stored: Dataset, property: Property): string {
  const former = stored.properties.find(({ name }) => name === property.name);
  const fallback = valueLiteral(property, property.default);
  if (former === undefined) return fallback;
  const column = propertyColumn(property);
  const type = columnType(property.dbType);
  return columnType(former.dbType) === type ? column : `TRY_CAST(${column} AS ${type})`;
}
