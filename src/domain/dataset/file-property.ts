import { DB_TYPES_OF, formatDbType, type PropertyType, parseDbType } from './db-type.ts';

/** A column that was found in rows. */
interface FoundColumn {
  readonly name: string;
  /** What a JSON column holds; follows from `dbType` for all others. */
  readonly type?: PropertyType;
  /** In the notation of dataset files; what is none of those is VARCHAR. */
  readonly dbType: string;
}

/** The property that a dataset file has for a column, as short as it can be. */
export function fileProperty({ name, type: named, dbType: notation }: FoundColumn): Readonly<Record<string, string>> {
  const dbType = parseDbType(notation) ?? { name: 'VARCHAR' };
  const type = named ?? typeOf(dbType.name);
  const isDefault = DB_TYPES_OF[type][0] === dbType.name;
  return { name, type, ...(isDefault ? {} : { db_type: formatDbType(dbType) }) };
}

function typeOf(dbType: (typeof DB_TYPES_OF)[PropertyType][number]): PropertyType {
  if (dbType === 'JSON') return 'object';
  const types = Object.keys(DB_TYPES_OF) as PropertyType[];
  return types.find((type) => DB_TYPES_OF[type].includes(dbType)) ?? 'string';
}
