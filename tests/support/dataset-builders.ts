import type { Dataset, Property, PropertyRules } from '#domain/dataset/dataset.ts';
import { DB_TYPES_OF, type DbType, type PropertyType, parseDbType } from '#domain/dataset/db-type.ts';

const NO_RULES: PropertyRules = {
  enum: null,
  minimum: null,
  maximum: null,
  minLength: null,
  maxLength: null,
  pattern: null,
  format: null,
};

type PropertyOptions = Partial<Omit<Property, 'name' | 'dbType' | 'rules'>> & { rules?: Partial<PropertyRules> };

/** A nullable property with no rules; `type` is the notation of dataset files, like `DECIMAL(18,4)`. */
export function property(name: string, type: string, options: PropertyOptions = {}): Property {
  const dbType = parseDbType(type);
  if (dbType === undefined) throw new Error(`no such type: ${type}`);
  return {
    name,
    type: typeOf(dbType),
    dbType,
    required: false,
    default: null,
    primaryKey: false,
    unique: false,
    description: null,
    index: false,
    ...options,
    rules: { ...NO_RULES, ...options.rules },
  };
}

function typeOf(dbType: DbType): PropertyType {
  if (dbType.name === 'JSON') return 'object';
  const types = Object.keys(DB_TYPES_OF) as PropertyType[];
  return types.find((type) => DB_TYPES_OF[type].includes(dbType.name)) ?? 'string';
}

/** A dataset; properties named in `primaryKey` are marked as its key. */
export function dataset(name: string, properties: readonly Property[], options: Partial<Dataset> = {}): Dataset {
  const primaryKey = options.primaryKey ?? [];
  return {
    name,
    description: `${name}, for tests`,
    tableName: name,
    additionalProperties: 'refuse',
    idIndex: 'auto',
    system: false,
    ...options,
    primaryKey,
    properties: properties.map((item) =>
      primaryKey.includes(item.name) ? { ...item, primaryKey: true, required: true } : item,
    ),
  };
}

/** One property of every storage type, all nullable. */
export function everyType(name = 'every_type', options: Partial<Dataset> = {}): Dataset {
  return dataset(
    name,
    [
      property('text', 'VARCHAR'),
      property('big', 'BIGINT'),
      property('int', 'INTEGER'),
      property('small', 'SMALLINT'),
      property('double', 'DOUBLE'),
      property('price', 'DECIMAL(18,4)'),
      property('flag', 'BOOLEAN'),
      property('day', 'DATE'),
      property('time', 'TIME'),
      property('moment', 'TIMESTAMP'),
      property('ref', 'UUID'),
      property('extra', 'JSON'),
    ],
    options,
  );
}
