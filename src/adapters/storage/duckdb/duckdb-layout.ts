import type { Dataset, Property } from '#domain/dataset/dataset.ts';
import { type DbType, formatDbType } from '#domain/dataset/db-type.ts';
import type { Field, SystemFieldName } from '#domain/query/query.ts';
import { identifier } from '../sql/identifier.ts';

/**
 * Where things lie in a store file. Each dataset has a table in schema `data` with its current rows and one in schema
 * `history` with the former image of every changed or deleted row; schema `forge` has what the platform keeps for itself.
 */
export const STORE_FORMAT = 1;

/**
 * Rows of a row group, the unit whose least and most values the engine keeps. Small groups let a batch of point reads
 * find their rows by `_locator` with no index (docs/adr: point reads without an index).
 */
export const ROW_GROUP_SIZE = 12_288;

/** Columns of a current row before its properties. */
const SYSTEM_COLUMNS = [
  '_id UUID',
  '_created_at TIMESTAMP',
  '_updated_at TIMESTAMP',
  '_version INTEGER',
  '_seq BIGINT',
  '_locator BIGINT',
  '_origin INTEGER',
] as const;

/** Columns a former image has besides: when it ceased to be true, by whom, and whether by an update or a delete. */
const HISTORY_COLUMNS = ['_to_seq BIGINT', '_to_at TIMESTAMP', '_to_origin INTEGER', '_deleted BOOLEAN'] as const;

export const SYSTEM_COLUMN_NAMES: readonly string[] = SYSTEM_COLUMNS.map(columnName);
export const HISTORY_COLUMN_NAMES: readonly string[] = HISTORY_COLUMNS.map(columnName);

export const META_TABLES = [
  'CREATE SCHEMA IF NOT EXISTS data',
  'CREATE SCHEMA IF NOT EXISTS history',
  'CREATE SCHEMA IF NOT EXISTS forge',
  'CREATE TABLE IF NOT EXISTS forge.meta (name VARCHAR, value VARCHAR)',
  'CREATE TABLE IF NOT EXISTS forge.datasets (name VARCHAR, definition VARCHAR)',
  'CREATE TABLE IF NOT EXISTS forge.origins (id INTEGER, caller VARCHAR, run VARCHAR)',
  'CREATE TABLE IF NOT EXISTS forge.marks (kind VARCHAR, key VARCHAR, value VARCHAR, made_at TIMESTAMP)',
] as const;

function columnName(definition: string): string {
  return definition.slice(0, definition.indexOf(' '));
}

export function currentTable(dataset: Dataset): string {
  return `data.${identifier(dataset.tableName)}`;
}

export function historyTable(dataset: Dataset): string {
  return `history.${identifier(dataset.tableName)}`;
}

export function propertyColumn(property: Property): string {
  return identifier(property.name);
}

/** The column of the property at a place. */
export function columnAt(dataset: Dataset, index: number): string {
  const property = dataset.properties[index];
  if (property === undefined) throw new RangeError(`dataset "${dataset.name}" has no property ${index}`);
  return propertyColumn(property);
}

export function systemColumn(name: SystemFieldName): string {
  return `_${name}`;
}

export function fieldColumn(field: Field): string {
  return field.kind === 'property' ? propertyColumn(field.property) : systemColumn(field.name);
}

/** The engine's type of a property; JSON is kept as text that is known to be valid. */
export function columnType(type: DbType): string {
  return type.name === 'JSON' ? 'VARCHAR' : formatDbType(type);
}

/** The columns of a current row by name, in the order in which this engine writes them. */
export function columnNames(dataset: Dataset): string {
  return [...SYSTEM_COLUMN_NAMES, ...dataset.properties.map(propertyColumn)].join(', ');
}

/** Statements that make a dataset's tables. */
export function createTables(dataset: Dataset): string[] {
  const properties = dataset.properties.map((property) => `${propertyColumn(property)} ${columnType(property.dbType)}`);
  return [
    `CREATE TABLE ${currentTable(dataset)} (${[...SYSTEM_COLUMNS, ...properties].join(', ')})`,
    `CREATE TABLE ${historyTable(dataset)} (${[...SYSTEM_COLUMNS, ...properties, ...HISTORY_COLUMNS].join(', ')})`,
  ];
}

export interface IndexDefinition {
  readonly name: string;
  readonly unique: boolean;
  readonly columns: readonly string[];
}

/** The indexes a dataset asks for: its natural key, each unique or indexed property, `_id` where it says so. */
export function indexesOf(dataset: Dataset): IndexDefinition[] {
  const indexes: IndexDefinition[] = [];
  const named = (suffix: string) => identifier(`${dataset.tableName}:${suffix}`);
  if (dataset.primaryKey.length > 0) {
    indexes.push({ name: named('key'), unique: true, columns: dataset.primaryKey.map(identifier) });
  }
  for (const property of dataset.properties) {
    if (property.unique) {
      indexes.push({ name: named(`unique:${property.name}`), unique: true, columns: [propertyColumn(property)] });
    } else if (property.index) {
      indexes.push({ name: named(`index:${property.name}`), unique: false, columns: [propertyColumn(property)] });
    }
  }
  if (dataset.idIndex === 'always') indexes.push({ name: named('id'), unique: true, columns: ['_id'] });
  return indexes;
}

export const LOCATOR_INDEX_SUFFIX = ':locator';

/** The index that a table may get of its own accord. */
export function locatorIndex(dataset: Dataset): IndexDefinition {
  return { name: identifier(dataset.tableName + LOCATOR_INDEX_SUFFIX), unique: false, columns: ['_locator'] };
}

export function dropIndex({ name }: IndexDefinition): string {
  return `DROP INDEX IF EXISTS data.${name}`;
}

export function createIndex(dataset: Dataset, index: IndexDefinition): string {
  return `CREATE ${index.unique ? 'UNIQUE ' : ''}INDEX ${index.name} ON ${currentTable(dataset)} (${index.columns.join(', ')})`;
}
