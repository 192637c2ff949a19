import type pg from 'pg';
import { type DbType, formatDbType, MAX_DECIMAL_PRECISION } from '#domain/dataset/db-type.ts';
import { readDate, readTime, readTimestamp } from '#domain/record/time.ts';
import type { Value } from '#domain/record/value.ts';
import { type SqlBatch, type SqlColumn, type SqlVector, sqlTypeOf } from '#domain/sql/sql-type.ts';
import { writeValues } from '#formats/columns/write-values.ts';
import { freeName } from '../sql/free-name.ts';
import type { PostgresRow } from './postgres-connection.ts';
import { refused } from './postgres-sql-text.ts';
import { decoderOf, type PostgresValue } from './postgres-values.ts';

/** Numbers of the server's own types (pg_type.dat) that are types of dataset files. */
const DB_TYPES: Readonly<Record<number, DbType>> = {
  16: { name: 'BOOLEAN' },
  20: { name: 'BIGINT' },
  21: { name: 'SMALLINT' },
  23: { name: 'INTEGER' },
  25: { name: 'VARCHAR' },
  114: { name: 'JSON' },
  700: { name: 'DOUBLE' },
  701: { name: 'DOUBLE' },
  1042: { name: 'VARCHAR' },
  1043: { name: 'VARCHAR' },
  1082: { name: 'DATE' },
  1083: { name: 'TIME' },
  1184: { name: 'TIMESTAMP' },
  2950: { name: 'UUID' },
  3802: { name: 'JSON' },
};
const NUMERIC = 1700;
const BYTEA = 17;
const TIMESTAMP_OF_A_WALL = 1114;
const TEXT: DbType = { name: 'VARCHAR' };

/** The columns of an answer. What is none of a dataset's types is text as the server writes it. */
export function answerColumns(fields: readonly pg.FieldDef[], rows: readonly PostgresRow[]): SqlColumn[] {
  const taken = new Set<string>();
  const names = fields.map(({ name }) => name);
  return fields.map((field, index) => ({
    name: freeName(field.name, taken, names),
    ...typeOfField(field, index, rows),
  }));
}

function typeOfField(field: pg.FieldDef, index: number, rows: readonly PostgresRow[]): Omit<SqlColumn, 'name'> {
  const { dataTypeID: id } = field;
  if (id === BYTEA) return { type: { kind: 'blob' }, typeName: 'BLOB', dbType: null };
  if (id === TIMESTAMP_OF_A_WALL) {
    const type = { kind: 'timestamp', unit: 'us', zoned: false } as const;
    return { type, typeName: 'TIMESTAMP WITHOUT TIME ZONE', dbType: null };
  }
  const dbType = id === NUMERIC ? decimalOf(field, index, rows) : DB_TYPES[id];
  if (dbType === undefined) return { type: sqlTypeOf(TEXT), typeName: 'TEXT', dbType: null };
  return { type: sqlTypeOf(dbType), typeName: formatDbType(dbType), dbType };
}

/** What is computed has no bounds in the server: its places are those of the first rows. */
function decimalOf({ dataTypeModifier }: pg.FieldDef, index: number, rows: readonly PostgresRow[]): DbType {
  const bounds = dataTypeModifier - 4;
  const [precision, scale] = [(bounds >> 16) & 0xffff, bounds & 0x7ff];
  if (dataTypeModifier >= 4 && precision <= MAX_DECIMAL_PRECISION && scale <= precision) {
    return { name: 'DECIMAL', precision, scale };
  }
  const places = rows.map((row) => row[index]?.split('.')[1]?.length ?? 0);
  const most = places.reduce((a, b) => Math.max(a, b), 0);
  return { name: 'DECIMAL', precision: MAX_DECIMAL_PRECISION, scale: Math.min(most, MAX_DECIMAL_PRECISION) };
}

/** Rows as columns. @throws DataForgeError `invalid_sql` where a value is not of the type of its column */
export function answerBatch(columns: readonly SqlColumn[], rows: readonly PostgresRow[]): SqlBatch {
  return {
    length: rows.length,
    columns: columns.map((column, index) => {
      const values = rows.map((row) => row[index] ?? null);
      return column.type.kind === 'blob' ? blobs(values) : vectorOf(column, values);
    }),
  };
}

function vectorOf(column: SqlColumn, values: readonly PostgresValue[]): SqlVector {
  const type = column.type.kind === 'timestamp' ? ({ name: 'TIMESTAMP' } as const) : (column.dbType ?? TEXT);
  const read = readerOf(type);
  const canonical = values.map((value) => {
    const known = value === null ? null : read(value);
    if (known === undefined) {
      throw refused(`A value of "${column.name}" is out of the range of ${column.typeName}; cast it to another type.`);
    }
    return known;
  });
  return { length: values.length, ...writeValues(type, canonical), children: [] };
}

/** The canonical value of what the server writes; undefined where our type has no place for it. */
function readerOf(type: DbType): (text: string) => Value | undefined {
  switch (type.name) {
    case 'DECIMAL':
      return (text) => decimalText(text, type.precision, type.scale);
    case 'DATE':
      return (text) => readDate(text) ?? undefined;
    case 'TIME':
      return (text) => readTime(text) ?? undefined;
    case 'TIMESTAMP':
      return (text) => readTimestamp(text.replace(/\+00$/, 'Z')) ?? undefined;
    default: {
      const decode = decoderOf(type);
      return (text) => decode(text) ?? undefined;
    }
  }
}

function decimalText(text: string, precision: number, scale: number): string | undefined {
  const [, sign = '', whole = '', places = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  if (whole === '' || places.length > scale || whole.replace(/^0+/, '').length > precision - scale) return undefined;
  return scale === 0 ? sign + whole : `${sign}${whole}.${places.padEnd(scale, '0')}`;
}

/** The server writes bytes as `\x` and hexadecimal digits. */
function blobs(values: readonly PostgresValue[]): SqlVector {
  const offsets = new Int32Array(values.length + 1);
  const validity = new Uint8Array(Math.ceil(values.length / 8));
  const pieces = values.map((value, at) => {
    const piece = value === null ? new Uint8Array(0) : Buffer.from(value.slice(2), 'hex');
    offsets[at + 1] = (offsets[at] ?? 0) + piece.length;
    if (value !== null) validity[at >> 3] = (validity[at >> 3] ?? 0) | (1 << (at & 7));
    return piece;
  });
  return { length: values.length, validity, data: new Uint8Array(Buffer.concat(pieces)), offsets, children: [] };
}
