import type { Dataset, Property } from '#domain/dataset/dataset.ts';
import type { Field } from '#domain/query/query.ts';
import { quotedName } from './postgres-names.ts';
import { columnType } from './postgres-values.ts';

/**
 * Where things lie in a database: all in one schema, which every connection has as its search path. Each dataset has a
 * table `data.NAME` with its current rows and one `history.NAME` with the former image of every changed or deleted row;
 * tables `forge.…` have what the platform keeps for itself. The format stands in `forge.store`.
 */
export const STORE_FORMAT = 1;

/** Columns of a current row before its properties, with their types. */
const SYSTEM_COLUMNS = [
  ['_id', 'uuid'],
  ['_created_at', 'timestamp'],
  ['_updated_at', 'timestamp'],
  ['_version', 'integer'],
  ['_seq', 'bigint'],
  ['_origin', 'integer'],
] as const;

/** Columns a former image has besides: when it ceased to be true, by whom, and whether by an update or a delete. */
const HISTORY_COLUMNS = [
  ['_to_seq', 'bigint'],
  ['_to_at', 'timestamp'],
  ['_to_origin', 'integer'],
  ['_deleted', 'boolean'],
] as const;

export const HISTORY_COLUMN_NAMES: readonly string[] = HISTORY_COLUMNS.map(([name]) => name);
export const SYSTEM_COLUMN_TYPES: readonly string[] = SYSTEM_COLUMNS.map(([, type]) => type);
export const HISTORY_COLUMN_TYPES: readonly string[] = HISTORY_COLUMNS.map(([, type]) => type);

/**
 * One row: the format, the last sequence number, the time of its commit in microseconds, the password of the role that
 * runs people's SQL. Who commits holds it locked.
 */
export const STORE = '"forge.store"';
export const DATASETS = '"forge.datasets"';
export const ORIGINS = '"forge.origins"';
export const MARKS = '"forge.marks"';
/** Folds texts as the domain does. */
export const FOLD = '"forge.fold"';

export const META_TABLES: readonly string[] = [
  `CREATE TABLE ${STORE} (single boolean PRIMARY KEY DEFAULT true CHECK (single), format integer NOT NULL, sequence bigint NOT NULL, committed_at bigint NOT NULL, reader_password text NOT NULL DEFAULT gen_random_uuid()::text || gen_random_uuid()::text)`,
  `CREATE TABLE ${DATASETS} (name text COLLATE "C" PRIMARY KEY, definition text NOT NULL, trimmed_to bigint NOT NULL DEFAULT 0)`,
  `CREATE TABLE ${ORIGINS} (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, caller text NOT NULL, run text, UNIQUE NULLS NOT DISTINCT (caller, run))`,
  `CREATE TABLE ${MARKS} (kind text COLLATE "C", key text COLLATE "C", value text NOT NULL, made_at timestamp NOT NULL, PRIMARY KEY (kind, key))`,
  `INSERT INTO ${STORE} (format, sequence, committed_at) VALUES (${STORE_FORMAT}, 0, 0)`,
];

export function currentTable({ tableName }: Dataset): string {
  return quotedName(`data.${tableName}`);
}

export function historyTable({ tableName }: Dataset): string {
  return quotedName(`history.${tableName}`);
}

export function propertyColumn(property: Property): string {
  return quotedName(property.name);
}

export function fieldColumn(field: Field): string {
  return field.kind === 'property' ? propertyColumn(field.property) : `_${field.name}`;
}

/** The columns of a current row by name, in the order in which this engine writes them. */
export function columnNames(dataset: Dataset): string[] {
  return [...SYSTEM_COLUMNS.map(([name]) => name), ...dataset.properties.map(propertyColumn)];
}

/** Statements that make a dataset's tables, with the indexes that each has. */
export function createTables(dataset: Dataset): string[] {
  const properties = dataset.properties.map((property) => `${propertyColumn(property)} ${columnType(property.dbType)}`);
  const required = (columns: readonly (readonly [string, string])[]) =>
    columns.map(([name, type]) => `${name} ${type} NOT NULL`);
  const [current, history] = [currentTable(dataset), historyTable(dataset)];
  const system = required(SYSTEM_COLUMNS);
  return [
    `CREATE TABLE ${current} (${[...system, ...properties, 'PRIMARY KEY (_id)'].join(', ')})`,
    `CREATE TABLE ${history} (${[...required(HISTORY_COLUMNS), ...system, ...properties, 'PRIMARY KEY (_to_seq)'].join(', ')})`,
    `CREATE INDEX ON ${current} (_seq)`,
    `CREATE INDEX ON ${history} (_seq)`,
    `CREATE INDEX ON ${history} (_id, _to_seq) WHERE _deleted`,
  ];
}

export interface IndexDefinition {
  /** Quoted. */
  readonly name: string;
  readonly sql: string;
}

/** The indexes that a dataset asks for: its natural key, each unique or indexed property. */
export function declaredIndexes(dataset: Dataset): IndexDefinition[] {
  const { tableName, primaryKey, properties } = dataset;
  const index = (suffix: string, unique: boolean, columns: readonly string[]): IndexDefinition => {
    const name = quotedName(`${tableName}:${suffix}`);
    const kind = unique ? 'UNIQUE INDEX' : 'INDEX';
    return { name, sql: `CREATE ${kind} ${name} ON ${currentTable(dataset)} (${columns.join(', ')})` };
  };
  const indexes: IndexDefinition[] = [];
  if (primaryKey.length > 0) indexes.push(index('key', true, primaryKey.map(quotedName)));
  for (const property of properties) {
    const column = [propertyColumn(property)];
    if (property.unique) indexes.push(index(`unique:${property.name}`, true, column));
    else if (property.index) indexes.push(index(`index:${property.name}`, false, column));
  }
  return indexes;
}
