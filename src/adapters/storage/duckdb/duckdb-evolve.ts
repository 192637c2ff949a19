import { compareTypes } from '#domain/dataset/compare-types.ts';
import type { Dataset, Property } from '#domain/dataset/dataset.ts';
import { sameDbType } from '#domain/dataset/db-type.ts';
import type { EvolutionPlan, EvolutionStep } from '#domain/dataset/evolution.ts';
import { DataForgeError } from '#domain/errors.ts';
import { newlyRequired, refuseNulls, repeatedKey } from '../shared/settle-steps.ts';
import { identifier } from '../sql/identifier.ts';
import { convertedValues } from './duckdb-convert-values.ts';
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
  plan: EvolutionPlan,
  record: () => Promise<void>,
): Promise<void> {
  const { dataset, steps } = plan;
  // A step that was refused and is wanted all the same may fail: then no column may be left behind.
  if (!steps.every(({ step, safety }) => IN_PLACE.has(step.kind) && safety !== 'refused')) {
    const work = async () => {
      await dropIndexes(session, indexesOf(stored));
      await rebuild(session, stored, dataset);
      for (const property of newlyRequired({ ...plan, stored })) {
        const sql = `SELECT count(*) FROM ${currentTable(dataset)} WHERE ${propertyColumn(property)} IS NULL`;
        refuseNulls(plan, property, Number((await session.rows(sql))[0]?.[0] ?? 0));
      }
      for (const index of indexesOf(dataset)) await session.execute(createIndex(dataset, index));
      await record();
    };
    await refusingRepeats(dataset, () => session.transaction(work));
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

/** An index is filled at once, or when its transaction is committed: either may find that rows have the same values. */
async function refusingRepeats(dataset: Dataset, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const isRepeat =
      error instanceof DataForgeError &&
      (error.code === 'key_exists' || /contains duplicates/i.test(String(error.cause)));
    throw isRepeat ? repeatedKey(dataset.name) : error;
  }
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
  const sources = await formerValues(session, stored, dataset, [parked('data'), parked('history')]);
  const values = sources.map(({ value }) => value).join(', ');
  const joins = sources.map(({ join }) => join).join(' ');
  const names = dataset.properties.map(propertyColumn).join(', ');
  const copy = (table: string, from: string, columns: readonly string[]) =>
    `INSERT INTO ${table} (${columns.join(', ')}, ${names}) SELECT ${columns.join(', ')}, ${values} FROM ${from} AS t ${joins} ORDER BY t.rowid`;
  await session.execute(copy(currentTable(dataset), parked('data'), SYSTEM_COLUMN_NAMES));
  await session.execute(
    copy(historyTable(dataset), parked('history'), [...SYSTEM_COLUMN_NAMES, ...HISTORY_COLUMN_NAMES]),
  );
  for (const { drop } of sources) if (drop !== '') await session.execute(drop);
  await session.execute(`DROP TABLE ${parked('data')}`);
  await session.execute(`DROP TABLE ${parked('history')}`);
}

/** What each property of the new tables takes from the former ones, and what those are joined with for it. */
async function formerValues(session: DuckDbSession, stored: Dataset, dataset: Dataset, tables: readonly string[]) {
  const sources: { readonly value: string; readonly join: string; readonly drop: string }[] = [];
  for (const [at, property] of dataset.properties.entries()) {
    const former = stored.properties.find(({ name }) => name === property.name);
    const plain = (value: string) => sources.push({ value, join: '', drop: '' });
    const [column, type] = [`t.${propertyColumn(property)}`, columnType(property.dbType)];
    if (former === undefined) plain(valueLiteral(property, property.default));
    else if (sameDbType(former.dbType, property.dbType)) plain(column);
    else if (compareTypes(former.dbType, property.dbType) === 'wider') plain(`${column}::${type}`);
    else sources.push(await convertedValues(session, { former, property, tables, at }));
  }
  return sources;
}
