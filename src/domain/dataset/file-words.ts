import type { IdIndex } from './dataset.ts';
import { DB_TYPES_OF, type PropertyType } from './db-type.ts';

/** The words of the dataset file format: its keys and its closed lists. */
export const DATASET_KEYS = [
  '$schema',
  'name',
  'description',
  'table_name',
  'primary_key',
  'properties',
  'additional_properties',
  'id_index',
] as const;

/** What marks a dataset that the platform keeps; no file may say it. */
export const SYSTEM_KEY = 'system';

export const PROPERTY_KEYS = [
  'name',
  'type',
  'db_type',
  'required',
  'default',
  'primary_key',
  'unique',
  'description',
  'enum',
  'minimum',
  'maximum',
  'min_length',
  'max_length',
  'pattern',
  'format',
  'index',
] as const;

export const PROPERTY_TYPES = Object.keys(DB_TYPES_OF) as readonly PropertyType[];
export const ADDITIONAL_PROPERTIES = ['refuse', 'ignore'] as const;
export const ID_INDEXES: readonly IdIndex[] = ['auto', 'always', 'never'];

/** Words that other systems use for a type, and what to write here. */
export const TYPE_HINTS: Readonly<Record<string, string>> = {
  text: 'string',
  varchar: 'string',
  str: 'string',
  int: 'integer',
  bigint: 'integer',
  long: 'integer',
  smallint: 'integer with db_type: SMALLINT',
  float: 'number',
  double: 'number',
  real: 'number',
  decimal: 'number with db_type: DECIMAL(18,4)',
  numeric: 'number with db_type: DECIMAL(18,4)',
  bool: 'boolean',
  date: 'string with db_type: DATE',
  time: 'string with db_type: TIME',
  datetime: 'string with db_type: TIMESTAMP',
  timestamp: 'string with db_type: TIMESTAMP',
  uuid: 'string with db_type: UUID',
  json: 'object',
  list: 'array',
  map: 'object',
};

/** The same for storage types. */
export const DB_TYPE_HINTS: Readonly<Record<string, string>> = {
  TEXT: 'VARCHAR',
  STRING: 'VARCHAR',
  CHAR: 'VARCHAR',
  INT: 'INTEGER',
  INT64: 'BIGINT',
  LONG: 'BIGINT',
  INT32: 'INTEGER',
  INT16: 'SMALLINT',
  FLOAT: 'DOUBLE',
  REAL: 'DOUBLE',
  NUMERIC: 'DECIMAL(18,4)',
  DECIMAL: 'DECIMAL(18,4), its digits in all and those behind the point',
  BOOL: 'BOOLEAN',
  DATETIME: 'TIMESTAMP',
  TIMESTAMPTZ: 'TIMESTAMP',
  JSONB: 'JSON',
};
