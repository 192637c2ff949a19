import { type DbType, MAX_DECIMAL_PRECISION } from '#domain/dataset/db-type.ts';
import type { CsdlProperty } from './csdl.ts';

const COLUMN_TYPES: Readonly<Record<string, Exclude<DbType['name'], 'DECIMAL'>>> = {
  'Edm.Binary': 'VARCHAR',
  'Edm.Boolean': 'BOOLEAN',
  'Edm.Byte': 'SMALLINT',
  'Edm.Date': 'DATE',
  'Edm.DateTimeOffset': 'TIMESTAMP',
  'Edm.Double': 'DOUBLE',
  'Edm.Duration': 'VARCHAR',
  'Edm.Guid': 'UUID',
  'Edm.Int16': 'SMALLINT',
  'Edm.Int32': 'INTEGER',
  'Edm.Int64': 'BIGINT',
  'Edm.SByte': 'SMALLINT',
  'Edm.Single': 'DOUBLE',
  'Edm.String': 'VARCHAR',
  'Edm.TimeOfDay': 'TIME',
};

/** Places behind the point where a value may have any; one with more is refused, never rounded. */
const VARIABLE_SCALE = 10;

/** The column type that holds every value of a primitive type; what is no plain value, like places on a map, is JSON. */
export function columnTypeOf(primitive: string, { precision, scale }: CsdlProperty): DbType {
  if (primitive !== 'Edm.Decimal') return { name: COLUMN_TYPES[primitive] ?? 'JSON' };
  const digits = Math.min(Number(precision ?? MAX_DECIMAL_PRECISION), MAX_DECIMAL_PRECISION) || MAX_DECIMAL_PRECISION;
  const isUnsaid = precision === null && scale === null;
  if (isUnsaid || scale === 'variable' || scale === 'floating') {
    return { name: 'DECIMAL', precision: MAX_DECIMAL_PRECISION, scale: VARIABLE_SCALE };
  }
  return { name: 'DECIMAL', precision: digits, scale: Math.min(Number(scale ?? 0) || 0, digits) };
}

/** Numbers that a service writes as texts where it is asked for `IEEE754Compatible=true`. */
export function isLongNumber(primitive: string): boolean {
  return primitive === 'Edm.Decimal' || primitive === 'Edm.Int64';
}

/** Bytes that are named by an address and stand in no row. */
export function isStream(primitive: string): boolean {
  return primitive === 'Edm.Stream';
}

const QUOTED = new Set(['Edm.String', 'Edm.Binary', 'Edm.Duration']);
const MOMENT = /^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2})?)?$/;

/** A value as `$filter` writes it; `primitive` is null where the type is not known. */
export function literalOf(value: string, isNumber: boolean, primitive: string | null): string {
  const isPlain = isNumber || (primitive === null ? MOMENT.test(value) : !QUOTED.has(primitive));
  if (isPlain) return value;
  const quoted = `'${value.replaceAll("'", "''")}'`;
  if (primitive === 'Edm.Binary') return `binary${quoted}`;
  return primitive === 'Edm.Duration' ? `duration${quoted}` : quoted;
}
