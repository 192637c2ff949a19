import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { DataForgeError } from '#domain/errors.ts';

export type ConvertFormat = 'csv' | 'ndjson' | 'json' | 'parquet';

export interface ConvertFile {
  readonly path: string;
  readonly format: ConvertFormat;
  readonly coding: 'gzip' | 'zstd' | null;
}

export interface ConvertColumn {
  readonly name: string;
  readonly dbType: string;
}

/**
 * Writes the rows of one file in another format, in bounded memory. `columns` are the types of a CSV or JSON file,
 * found beforehand, so that the engine guesses nothing; Parquet has its own.
 * @returns how many rows were written
 */
export async function convertFile(
  from: ConvertFile,
  to: ConvertFile,
  columns: readonly ConvertColumn[],
): Promise<number> {
  return withConnection(async (connection) => {
    const source = sourceOf(from, columns);
    const described = await describe(connection, source);
    const select = described.map((column) => renderColumn(column, to.format)).join(', ');
    const copy = `COPY (SELECT ${select} FROM ${source}) TO ${text(to.path)} (${copyOptions(to)})`;
    const result = await connection.runAndReadAll(copy);
    return Number(result.getRowsJS()[0]?.[0] ?? 0);
  });
}

/** The columns of a Parquet file, in the notation of dataset files. */
export async function readParquetColumns(path: string): Promise<readonly ConvertColumn[]> {
  return withConnection(async (connection) => {
    const columns = await describe(connection, `read_parquet(${text(path)})`);
    return columns.map(({ name, type }) => ({ name, dbType: dbTypeOf(name, type) }));
  });
}

async function withConnection<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  const instance = await DuckDBInstance.create(':memory:', { preserve_insertion_order: 'true' });
  const connection = await instance.connect();
  try {
    return await work(connection);
  } catch (cause) {
    if (cause instanceof DataForgeError) throw cause;
    const [reason = ''] = (cause instanceof Error ? cause.message : String(cause)).split('\n');
    throw new DataForgeError('invalid_body', `The file cannot be converted: ${reason}`, { cause });
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

function sourceOf({ path, format, coding }: ConvertFile, columns: readonly ConvertColumn[]): string {
  if (format === 'parquet') return `read_parquet(${text(path)})`;
  const types = `{${columns.map(({ name, dbType }) => `${text(name)}: ${text(dbType)}`).join(', ')}}`;
  const compression = text(coding ?? (format === 'csv' ? 'none' : 'uncompressed'));
  if (format === 'csv') {
    return (
      `read_csv(${text(path)}, columns = ${types}, compression = ${compression}, auto_detect = false, header = true, ` +
      `delim = ',', quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false)`
    );
  }
  const layout = format === 'json' ? 'array' : 'newline_delimited';
  return `read_json(${text(path)}, columns = ${types}, compression = ${compression}, format = '${layout}')`;
}

interface Described {
  readonly name: string;
  readonly type: string;
}

async function describe(connection: DuckDBConnection, source: string): Promise<readonly Described[]> {
  const rows = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${source}`);
  return rows.getRowsJson().map(([name, type]) => ({ name: String(name), type: String(type) }));
}

/** A column as the format writes it; in text, timestamps are ISO 8601 in UTC. */
function renderColumn({ name, type }: Described, format: ConvertFormat): string {
  const column = `"${name.replaceAll('"', '""')}"`;
  if (format === 'parquet' || !type.startsWith('TIMESTAMP')) return column;
  const utc = type === 'TIMESTAMP WITH TIME ZONE' ? `make_timestamp(epoch_us(${column}))` : `${column}::TIMESTAMP`;
  return `rtrim(rtrim(strftime(${utc}, '%Y-%m-%dT%H:%M:%S.%f'), '0'), '.') || 'Z' AS ${column}`;
}

function copyOptions({ format, coding }: ConvertFile): string {
  if (format === 'parquet') return 'FORMAT parquet, COMPRESSION zstd';
  const compression = coding === null ? '' : `, COMPRESSION ${coding}`;
  return format === 'csv'
    ? `FORMAT csv, HEADER${compression}`
    : `FORMAT json, ARRAY ${format === 'json'}${compression}`;
}

const TYPES: Readonly<Record<string, string>> = {
  TINYINT: 'SMALLINT',
  UTINYINT: 'SMALLINT',
  USMALLINT: 'INTEGER',
  UINTEGER: 'BIGINT',
  UBIGINT: 'DECIMAL(20,0)',
  HUGEINT: 'DECIMAL(38,0)',
  FLOAT: 'DOUBLE',
};
const SAME = ['VARCHAR', 'DATE', 'TIME', 'UUID', 'BIGINT', 'INTEGER', 'SMALLINT', 'DOUBLE', 'BOOLEAN', 'JSON'];

function dbTypeOf(name: string, type: string): string {
  if (SAME.includes(type) || type.startsWith('DECIMAL')) return type;
  if (type.startsWith('TIMESTAMP')) return 'TIMESTAMP';
  if (/\[\d*\]$|^(?:STRUCT|MAP)\(/.test(type)) return 'JSON';
  if (type.startsWith('ENUM')) return 'VARCHAR';
  const known = TYPES[type];
  if (known !== undefined) return known;
  throw new DataForgeError(
    'unsupported_media_type',
    `The column "${name}" has the type ${type}, which no dataset can hold.`,
  );
}

function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
