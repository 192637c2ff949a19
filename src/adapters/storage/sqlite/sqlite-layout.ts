import type { Dataset, Property } from '#domain/dataset/dataset.ts';
import type { DbType } from '#domain/dataset/db-type.ts';
import type { Field } from '#domain/query/query.ts';
import { identifier } from '../sql/identifier.ts';

/**
 * Where things lie in a store file. Each dataset has a table `data.NAME` with its current rows and one `history.NAME`
 * with the former image of every changed or deleted row; tables `forge.…` have what the platform keeps for itself. The
 * format stands in the file's `user_version`.
 */
export const STORE_FORMAT = 1;

/** `application_id` of a store: "DForge" to those who look at the file's header. */
export const APPLICATION_ID = 0x44_46_6f_72;

export const STORE_FILE = 'store.sqlite';

/**
 * Columns of a current row before its properties. `_row` is the number the record was born with, which rows lie in the
 * order of and which is the end of every id made here; `_foreign` is 1 where the id ends otherwise and null elsewhere.
 */
const SYSTEM_COLUMNS = [
  '_row INTEGER PRIMARY KEY',
  '_id TEXT NOT NULL',
  '_created_at INTEGER NOT NULL',
  '_updated_at INTEGER NOT NULL',
  '_version INTEGER NOT NULL',
  '_seq INTEGER NOT NULL',
  '_origin INTEGER NOT NULL',
  '_foreign INTEGER',
] as const;

/** Columns a former image has besides: when it ceased to be true, by whom, and whether by an update or a delete. */
const HISTORY_COLUMNS = [
  '_to_seq INTEGER PRIMARY KEY',
  '_to_at INTEGER NOT NULL',
  '_to_origin INTEGER NOT NULL',
  '_deleted INTEGER NOT NULL',
] as const;

export const SYSTEM_COLUMN_NAMES: readonly string[] = SYSTEM_COLUMNS.map(columnName);
export const HISTORY_COLUMN_NAMES: readonly string[] = HISTORY_COLUMNS.map(columnName);

export const META = identifier('forge.meta');
export const DATASETS = identifier('forge.datasets');
export const ORIGINS = identifier('forge.origins');
export const MARKS = identifier('forge.marks');

export const META_TABLES = [
  `CREATE TABLE ${META} (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT`,
  `CREATE TABLE ${DATASETS} (name TEXT PRIMARY KEY, definition TEXT NOT NULL) STRICT`,
  `CREATE TABLE ${ORIGINS} (id INTEGER PRIMARY KEY, caller TEXT NOT NULL, run TEXT) STRICT`,
  `CREATE TABLE ${MARKS} (kind TEXT, key TEXT, value TEXT NOT NULL, made_at INTEGER NOT NULL, PRIMARY KEY (kind, key)) STRICT, WITHOUT ROWID`,
] as const;

function columnName(definition: string): string {
  return definition.slice(0, definition.indexOf(' '));
}

export function currentTable({ tableName }: Dataset): string {
  return identifier(`data.${tableName}`);
}

export function historyTable({ tableName }: Dataset): string {
  return identifier(`history.${tableName}`);
}

export function propertyColumn(property: Property): string {
  return identifier(property.name);
}

export function fieldColumn(field: Field): string {
  return field.kind === 'property' ? propertyColumn(field.property) : `_${field.name}`;
}

/**
 * The engine's type of a property. Instants are microseconds since 1970, decimals count their last place; those of more
 * than 18 digits are text that sorts as they do (`sqlite-values.ts`).
 */
function columnType(type: DbType): 'INTEGER' | 'REAL' | 'TEXT' {
  switch (type.name) {
    case 'BIGINT':
    case 'INTEGER':
    case 'SMALLINT':
    case 'BOOLEAN':
    case 'TIMESTAMP':
      return 'INTEGER';
    case 'DECIMAL':
      return isWideDecimal(type) ? 'TEXT' : 'INTEGER';
    case 'DOUBLE':
      return 'REAL';
    default:
      return 'TEXT';
  }
}

/** Digits that always fit into 64 bits. */
const NARROW_DIGITS = 18;

export function isWideDecimal(type: DbType & { readonly name: 'DECIMAL' }): boolean {
  return type.precision > NARROW_DIGITS;
}

/** The columns of a current row by name, in the order in which this engine writes them. */
export function columnNames(dataset: Dataset): string[] {
  return [...SYSTEM_COLUMN_NAMES, ...dataset.properties.map(propertyColumn)];
}

/** Statements that make a dataset's tables. */
export function createTables(dataset: Dataset): string[] {
  const properties = dataset.properties.map(columnDefinition);
  const former = SYSTEM_COLUMNS.map((column) => column.replace(' PRIMARY KEY', ''));
  return [
    `CREATE TABLE ${currentTable(dataset)} (${[...SYSTEM_COLUMNS, ...properties].join(', ')}) STRICT`,
    `CREATE TABLE ${historyTable(dataset)} (${[...HISTORY_COLUMNS, ...former, ...properties].join(', ')}) STRICT`,
  ];
}

export function columnDefinition(property: Property): string {
  return `${propertyColumn(property)} ${columnType(property.dbType)}`;
}

export interface IndexDefinition {
  readonly name: string;
  readonly sql: string;
}

/** The indexes that a dataset asks for: its natural key, each unique or indexed property, `_id` where it says so. */
export function declaredIndexes(dataset: Dataset): IndexDefinition[] {
  const { tableName, primaryKey, properties } = dataset;
  const index = (suffix: string, unique: boolean, columns: readonly string[]): IndexDefinition => {
    const name = identifier(`${tableName}:${suffix}`);
    const kind = unique ? 'UNIQUE INDEX' : 'INDEX';
    return { name, sql: `CREATE ${kind} ${name} ON ${currentTable(dataset)} (${columns.join(', ')})` };
  };
  const indexes: IndexDefinition[] = [];
  if (primaryKey.length > 0) indexes.push(index('key', true, primaryKey.map(identifier)));
  for (const property of properties) {
    const column = [propertyColumn(property)];
    if (property.unique) indexes.push(index(`unique:${property.name}`, true, column));
    else if (property.index) indexes.push(index(`index:${property.name}`, false, column));
  }
  if (dataset.idIndex === 'always') indexes.push(index('id', true, ['_id']));
  return indexes;
}

/**
 * The indexes that every dataset has. The first two hold only rows that were changed, and rows whose ids were given: an
 * insert of a new row touches neither.
 */
export function standingIndexes(dataset: Dataset): IndexDefinition[] {
  const { tableName } = dataset;
  const [current, history] = [currentTable(dataset), historyTable(dataset)];
  const index = (suffix: string, unique: boolean, on: string): IndexDefinition => {
    const name = identifier(`${tableName}:${suffix}`);
    return { name, sql: `CREATE ${unique ? 'UNIQUE ' : ''}INDEX ${name} ON ${on}` };
  };
  return [
    index('changed', false, `${current} (_seq) WHERE _seq > _row`),
    index('foreign', true, `${current} (_id) WHERE _foreign = 1`),
    index('former', false, `${history} (_seq)`),
    index('gone', false, `${history} (_id, _to_seq) WHERE _deleted = 1`),
  ];
}
