import { DataForgeError } from '#domain/errors.ts';

const WIDER: Readonly<Record<string, string>> = {
  TINYINT: 'SMALLINT',
  UTINYINT: 'SMALLINT',
  USMALLINT: 'INTEGER',
  UINTEGER: 'BIGINT',
  UBIGINT: 'DECIMAL(20,0)',
  HUGEINT: 'DECIMAL(38,0)',
  FLOAT: 'DOUBLE',
};
const SAME = ['VARCHAR', 'DATE', 'TIME', 'UUID', 'BIGINT', 'INTEGER', 'SMALLINT', 'DOUBLE', 'BOOLEAN', 'JSON'];

/**
 * The type, in the notation of dataset files, that takes every value of an engine's type.
 * @throws DataForgeError `unsupported_media_type` where none does
 */
export function dbTypeOfEngineType(column: string, type: string): string {
  if (SAME.includes(type) || /^DECIMAL\([^[\]]*\)$/.test(type)) return type;
  if (/^TIMESTAMP[^[\]]*$/.test(type)) return 'TIMESTAMP';
  if (/\[\d*\]$|^(?:STRUCT|MAP)\(/.test(type)) return 'JSON';
  if (type.startsWith('ENUM')) return 'VARCHAR';
  const known = WIDER[type];
  if (known !== undefined) return known;
  throw new DataForgeError(
    'unsupported_media_type',
    `The column "${column}" has the type ${type}, which no dataset can hold.`,
  );
}
