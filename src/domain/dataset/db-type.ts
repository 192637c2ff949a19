/** What a property holds, as its dataset file says it. */
export type PropertyType = 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object';

export type DbTypeName =
  | 'VARCHAR'
  | 'DATE'
  | 'TIME'
  | 'TIMESTAMP'
  | 'UUID'
  | 'BIGINT'
  | 'INTEGER'
  | 'SMALLINT'
  | 'DOUBLE'
  | 'DECIMAL'
  | 'BOOLEAN'
  | 'JSON';

/** How a property is stored. `precision` and `scale` are there for DECIMAL alone. */
export type DbType =
  | { readonly name: Exclude<DbTypeName, 'DECIMAL'> }
  | { readonly name: 'DECIMAL'; readonly precision: number; readonly scale: number };

/** The storage types each property type may have; the first is its default. */
export const DB_TYPES_OF: Readonly<Record<PropertyType, readonly DbTypeName[]>> = {
  string: ['VARCHAR', 'DATE', 'TIME', 'TIMESTAMP', 'UUID'],
  integer: ['BIGINT', 'INTEGER', 'SMALLINT'],
  number: ['DOUBLE', 'DECIMAL'],
  boolean: ['BOOLEAN'],
  array: ['JSON'],
  object: ['JSON'],
};

export const MAX_DECIMAL_PRECISION = 38;

/** `DECIMAL(18,4)`, `VARCHAR`, …: the way dataset files and answers write a type. */
export function formatDbType(type: DbType): string {
  return type.name === 'DECIMAL' ? `DECIMAL(${type.precision},${type.scale})` : type.name;
}

/** Reads the notation of `formatDbType`; undefined where the text is none of the closed list. */
export function parseDbType(text: string): DbType | undefined {
  const decimal = /^DECIMAL\(\s*(\d{1,2})\s*,\s*(\d{1,2})\s*\)$/.exec(text);
  if (decimal) {
    const precision = Number(decimal[1]);
    const scale = Number(decimal[2]);
    return precision >= 1 && precision <= MAX_DECIMAL_PRECISION && scale <= precision
      ? { name: 'DECIMAL', precision, scale }
      : undefined;
  }
  for (const names of Object.values(DB_TYPES_OF)) {
    const name = names.find((candidate) => candidate === text);
    if (name !== undefined && name !== 'DECIMAL') return { name };
  }
  return undefined;
}

export function sameDbType(a: DbType, b: DbType): boolean {
  return formatDbType(a) === formatDbType(b);
}
