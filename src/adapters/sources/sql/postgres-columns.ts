import type pg from 'pg';
import type { DbType } from '#domain/dataset/db-type.ts';
import { MAX_DECIMAL_PRECISION } from '#domain/dataset/db-type.ts';
import { quoteName, quoteText, type SourceColumn, type SourceRelation } from './sql-database.ts';

/** Types whose text a dataset takes as it is. */
const PLAIN: Readonly<Record<string, DbType>> = {
  int2: { name: 'SMALLINT' },
  int4: { name: 'INTEGER' },
  int8: { name: 'BIGINT' },
  float4: { name: 'DOUBLE' },
  float8: { name: 'DOUBLE' },
  date: { name: 'DATE' },
  time: { name: 'TIME' },
  timestamp: { name: 'TIMESTAMP' },
  uuid: { name: 'UUID' },
  json: { name: 'JSON' },
  jsonb: { name: 'JSON' },
};
/** A numeric that says nothing of its digits; one with more of them is refused, not rounded, when it is stored. */
const ANY_NUMERIC: DbType = { name: 'DECIMAL', precision: MAX_DECIMAL_PRECISION, scale: 12 };

/** A row of `TYPES_SQL`. */
type TypeRow = readonly [oid: string, name: string, category: string];

const TYPES_SQL = 'SELECT oid::text, typname::text, typcategory::text FROM pg_catalog.pg_type WHERE oid = ANY($1)';
const TABLE_SQL =
  'SELECT a.attname::text, a.attnotnull::text, array_position(i.indkey::int2[], a.attnum)::text FROM pg_catalog.pg_attribute a ' +
  'LEFT JOIN pg_catalog.pg_index i ON i.indrelid = a.attrelid AND i.indisprimary AND a.attnum = ANY(i.indkey) ' +
  'WHERE a.attrelid = $1 AND a.attnum > 0 ORDER BY 3';

/** Tells the columns of a relation by what the server says of its result, and of a table its key. */
export async function lookIntoPostgres(client: pg.Client, from: string, isTable: boolean): Promise<SourceRelation> {
  const { fields } = await client.query({ text: `SELECT * FROM ${from} LIMIT 0`, rowMode: 'array' });
  const rows = async <R>(text: string, value: unknown) =>
    (await client.query({ text, values: [value], rowMode: 'array' })).rows as R[];
  const oids = fields.map(({ dataTypeID }) => dataTypeID);
  const types = new Map((await rows<TypeRow>(TYPES_SQL, oids)).map((row) => [Number(row[0]), row]));
  const tableId = fields[0]?.tableID ?? 0;
  const told = isTable ? await rows<[string, string, string | null]>(TABLE_SQL, tableId) : [];
  const required = new Set(told.flatMap(([name, notNull]) => (notNull === 'true' ? [name] : [])));
  return {
    columns: fields.map((field) => ({ ...columnOf(field, types), nullable: !required.has(field.name) })),
    key: told.flatMap(([name, , place]) => (place === null ? [] : [name])),
  };
}

function columnOf(
  { name, dataTypeID, dataTypeModifier }: pg.FieldDef,
  types: ReadonlyMap<number, TypeRow>,
): Omit<SourceColumn, 'nullable'> {
  const [, type = 'text', category = 'S'] = types.get(dataTypeID) ?? [];
  const sql = quoteName(name);
  const literal = (cell: string) => `${quoteText(cell)}::pg_catalog.${quoteName(type)}`;
  const column = { name, literal, isSortable: type !== 'json' && type !== 'jsonb' };
  const plain = PLAIN[type];
  if (plain !== undefined) return { ...column, dbType: plain, rendered: sql };
  if (type === 'numeric') return { ...column, dbType: decimalOf(dataTypeModifier), rendered: sql };
  if (type === 'bool') return { ...column, dbType: { name: 'BOOLEAN' }, rendered: `${sql}::text` };
  if (type === 'timestamptz') return { ...column, dbType: { name: 'TIMESTAMP' }, rendered: momentOf(sql) };
  // Lists and rows of values are JSON.
  if (category === 'A' || category === 'C') {
    return { ...column, isSortable: false, dbType: { name: 'JSON' }, rendered: `pg_catalog.to_json(${sql})::text` };
  }
  const text = { ...column, dbType: { name: 'VARCHAR' }, literal: quoteText } as const;
  if (type === 'bytea') {
    return {
      ...text,
      isSortable: false,
      rendered: `pg_catalog.replace(pg_catalog.encode(${sql}, 'base64'), E'\\n', '')`,
    };
  }
  return { ...text, rendered: `${sql}::text` };
}

/** The moment in UTC, with as many digits as it has. */
function momentOf(sql: string): string {
  return `pg_catalog.to_char(${sql} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}

/** The modifier of numeric(p,s) is `(p << 16 | s) + 4`, the scale in eleven bits with a sign. */
function decimalOf(modifier: number): DbType {
  if (modifier < 0) return ANY_NUMERIC;
  const [precision, scale] = [((modifier - 4) >> 16) & 0xffff, (((modifier - 4) & 0x7ff) ^ 1024) - 1024];
  const fits = precision <= MAX_DECIMAL_PRECISION && scale >= 0 && scale <= precision;
  return fits ? { name: 'DECIMAL', precision, scale } : ANY_NUMERIC;
}
