import { type DbType, formatDbType, parseDbType } from '#domain/dataset/db-type.ts';
import { isUuid } from '#domain/record/id.ts';
import { readDate, readTime, readTimestamp } from '#domain/record/time.ts';
import type { Value } from '#domain/record/value.ts';
import { type SqlBatch, type SqlColumn, type SqlVector, sqlTypeOf } from '#domain/sql/sql-type.ts';
import { writeValues } from '#formats/columns/write-values.ts';
import { freeName } from '../sql/free-name.ts';
import { refused } from './sqlite-sql-text.ts';

/** What the engine gives for a value of people's SQL. */
export type Answered = string | number | bigint | Uint8Array | null;

const VARCHAR: DbType = { name: 'VARCHAR' };

/**
 * The columns of an answer. Those that a query takes from a dataset as they are have its types; the engine knows none of
 * the others, so that theirs are those of the first rows.
 * @param declared types by column as `typesSql` declares them, null for none
 * @param rows null where none were read yet
 */
export function answerColumns(
  names: readonly string[],
  declared: readonly (string | null)[],
  rows: readonly (readonly Answered[])[] | null,
): SqlColumn[] {
  const taken = new Set<string>();
  return names.map((name, index) => {
    const free = freeName(name, taken, names);
    const dbType = parseDbType(declared[index] ?? '');
    if (dbType !== undefined) return { name: free, type: sqlTypeOf(dbType), typeName: formatDbType(dbType), dbType };
    if (rows === null) return { name: free, type: { kind: 'text' }, typeName: 'ANY', dbType: null };
    return { name: free, ...typeOfValues(rows.map((row) => row[index] ?? null)) };
  });
}

function typeOfValues(values: readonly Answered[]): Omit<SqlColumn, 'name'> {
  const kinds = new Set(values.filter((value) => value !== null).map((value) => typeof value));
  if (kinds.size === 0) return { type: { kind: 'null' }, typeName: 'NULL', dbType: null };
  if (kinds.has('object')) {
    if (kinds.size === 1) return { type: { kind: 'blob' }, typeName: 'BLOB', dbType: null };
    throw refused('A column has bytes in one row and something else in another; cast it to one type.');
  }
  const dbType: DbType = kinds.has('string') ? VARCHAR : kinds.has('number') ? { name: 'DOUBLE' } : { name: 'BIGINT' };
  return { type: sqlTypeOf(dbType), typeName: dbType.name, dbType };
}

/** Rows as columns. @throws DataForgeError `invalid_sql` where a value is not of the type of its column */
export function answerBatch(columns: readonly SqlColumn[], rows: readonly (readonly Answered[])[]): SqlBatch {
  return {
    length: rows.length,
    columns: columns.map((column, index) =>
      vectorOf(
        column,
        rows.map((row) => row[index] ?? null),
      ),
    ),
  };
}

function vectorOf(column: SqlColumn, values: readonly Answered[]): SqlVector {
  const { type, dbType } = column;
  const length = values.length;
  if (type.kind === 'null') {
    if (values.some((value) => value !== null)) throw misfit(column, 'no value');
    return { length, validity: null, data: new Uint8Array(0), offsets: null, children: [] };
  }
  if (type.kind === 'blob') return blobs(column, values);
  const read = readerOf(dbType ?? VARCHAR);
  const canonical = values.map((value) => {
    const known = value === null ? null : read(value);
    if (known === undefined) throw misfit(column, `${column.typeName}s`);
    return known;
  });
  return { length, ...writeValues(dbType ?? VARCHAR, canonical), children: [] };
}

function misfit({ name }: SqlColumn, found: string): Error {
  const message = `The column "${name}" has ${found} in its first rows and something else later; cast it to one type.`;
  return refused(message);
}

/** The canonical value of an answered one; undefined where it is none of that type. */
function readerOf(type: DbType): (value: Exclude<Answered, null>) => Value | undefined {
  switch (type.name) {
    case 'BIGINT':
      return (value) => (typeof value === 'bigint' ? value : undefined);
    case 'INTEGER':
    case 'SMALLINT':
      return (value) => (typeof value === 'bigint' ? Number(value) : undefined);
    case 'DOUBLE':
      return (value) => (typeof value === 'number' || typeof value === 'bigint' ? Number(value) : undefined);
    case 'BOOLEAN':
      return (value) => (value === 0n || value === 1n ? value === 1n : undefined);
    case 'DECIMAL':
      return (value) => readDecimal(value, type.scale);
    case 'DATE':
      return textReader(readDate);
    case 'TIME':
      return textReader(readTime);
    case 'TIMESTAMP':
      return textReader(readTimestamp);
    case 'UUID':
      return textReader((text) => (isUuid(text) ? text : null));
    default:
      return (value) => (value instanceof Uint8Array ? undefined : String(value));
  }
}

function textReader(read: (text: string) => string | null): (value: Exclude<Answered, null>) => Value | undefined {
  return (value) => (typeof value === 'string' ? (read(value) ?? undefined) : undefined);
}

/** A decimal comes as a number where that is exact, else as its digits. */
function readDecimal(value: Exclude<Answered, null>, scale: number): Value | undefined {
  if (typeof value === 'string') return /^-?\d+(?:\.\d+)?$/.test(value) ? value : undefined;
  if (typeof value === 'bigint') return scale === 0 ? String(value) : `${value}.${'0'.repeat(scale)}`;
  if (typeof value !== 'number' || Math.abs(value) >= 1e15) return undefined;
  const text = value.toFixed(scale);
  return Number(text) === value ? text.replace(/^-(0(?:\.0*)?)$/, '$1') : undefined;
}

function blobs(column: SqlColumn, values: readonly Answered[]): SqlVector {
  const offsets = new Int32Array(values.length + 1);
  const validity = new Uint8Array(Math.ceil(values.length / 8));
  const pieces = values.map((value, at) => {
    if (value !== null && !(value instanceof Uint8Array)) throw misfit(column, 'bytes');
    const piece = value ?? new Uint8Array(0);
    offsets[at + 1] = (offsets[at] ?? 0) + piece.length;
    if (value !== null) validity[at >> 3] = (validity[at >> 3] ?? 0) | (1 << (at & 7));
    return piece;
  });
  return { length: values.length, validity, data: new Uint8Array(Buffer.concat(pieces)), offsets, children: [] };
}
