import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { DataForgeError } from '#domain/errors.ts';
import { identifier, literal } from '../sql/identifier.ts';
import { stageArrowFile, writeArrowFile } from './duckdb-convert-arrow.ts';
import type { ConvertColumn, ConvertFile, ConvertFormat } from './duckdb-convert-file.ts';
import { dbTypeOfEngineType } from './duckdb-types.ts';

/**
 * Writes the rows of one file in another format, in bounded memory. `columns` are the types of a CSV, JSON or Arrow
 * file, found beforehand, so that the engine guesses nothing; Parquet has its own. The file gets its name when it is whole.
 * @returns how many rows were written
 */
export async function convertFile(
  from: ConvertFile,
  to: ConvertFile,
  columns: readonly ConvertColumn[],
): Promise<number> {
  for (const { path, format, coding } of [from, to]) {
    if (format !== 'parquet' || coding === null) continue;
    const message = `Parquet is compressed inside; leave the last ending of ${path} away.`;
    throw new DataForgeError('unsupported_media_type', message);
  }
  if (from.format !== 'parquet' && columns.length === 0) {
    throw new DataForgeError('invalid_body', `${from.path} has no columns, so there is nothing to convert.`);
  }
  const part = { ...to, path: `${to.path}.part` };
  try {
    const rows = await withConnection((connection) => convert(connection, from, part, columns));
    await rename(part.path, to.path);
    return rows;
  } catch (error) {
    await rm(part.path, { force: true });
    throw error;
  }
}

async function convert(
  connection: DuckDBConnection,
  from: ConvertFile,
  to: ConvertFile,
  columns: readonly ConvertColumn[],
): Promise<number> {
  const source = from.format === 'arrow' ? await stageArrowFile(connection, from, columns) : sourceOf(from, columns);
  const described = await describe(connection, source);
  if (to.format === 'arrow') return writeArrowFile(connection, source, described, to);
  const select = described.map((column) => renderColumn(column, to.format)).join(', ');
  const copy = `COPY (SELECT ${select} FROM ${source}) TO ${literal(to.path)} (${copyOptions(to)})`;
  const result = await connection.runAndReadAll(copy);
  return Number(result.getRowsJS()[0]?.[0] ?? 0);
}

/** The columns of a Parquet file, in the notation of dataset files. */
export async function readParquetColumns(path: string): Promise<readonly ConvertColumn[]> {
  return withConnection(async (connection) => {
    const columns = await describe(connection, `read_parquet(${literal(path)})`);
    return columns.map(({ name, type }) => ({ name, dbType: dbTypeOfEngineType(name, type) }));
  });
}

/** An engine with a folder of its own for what does not fit into memory. */
export async function withConnection<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'data-forge-convert-'));
  let instance: DuckDBInstance | null = null;
  try {
    const settings = { preserve_insertion_order: 'true', temp_directory: folder };
    instance = await DuckDBInstance.create(join(folder, 'rows.duckdb'), settings);
    const connection = await instance.connect();
    await connection.run(`SET TimeZone = 'UTC'`);
    const result = await work(connection);
    connection.closeSync();
    return result;
  } catch (cause) {
    if (cause instanceof DataForgeError) throw cause;
    const [reason = ''] = (cause instanceof Error ? cause.message : String(cause)).split('\n');
    throw new DataForgeError('invalid_body', `The file cannot be converted: ${reason}`, { cause });
  } finally {
    instance?.closeSync();
    await rm(folder, { recursive: true, force: true });
  }
}

function sourceOf({ path, format, coding }: ConvertFile, columns: readonly ConvertColumn[]): string {
  if (format === 'parquet') return `read_parquet(${literal(path)})`;
  // The engine's plain TIMESTAMP would pass over a zone without a word.
  const typeOf = (dbType: string) => (dbType === 'TIMESTAMP' ? 'TIMESTAMPTZ' : dbType);
  const types = `{${columns.map(({ name, dbType }) => `${literal(name)}: ${literal(typeOf(dbType))}`).join(', ')}}`;
  const compression = literal(coding ?? (format === 'csv' ? 'none' : 'uncompressed'));
  if (format === 'csv') {
    return (
      `read_csv(${literal(path)}, columns = ${types}, compression = ${compression}, auto_detect = false, header = true, ` +
      `delim = ',', quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false)`
    );
  }
  const layout = format === 'json' ? 'array' : 'newline_delimited';
  return `read_json(${literal(path)}, columns = ${types}, compression = ${compression}, format = '${layout}')`;
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
  const column = identifier(name);
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
