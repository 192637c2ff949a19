import { createReadStream, createWriteStream } from 'node:fs';
import { Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip, createZstdCompress, createZstdDecompress } from 'node:zlib';
import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import { type DbType, parseDbType } from '#domain/dataset/db-type.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { ColumnSchema, RecordBatch } from '#domain/record/batch.ts';
import { openArrow } from '#formats/arrow/read-arrow.ts';
import { writeArrowStream } from '#formats/arrow/write-arrow.ts';
import { identifier } from '../sql/identifier.ts';
import { appendBatch } from './duckdb-append.ts';
import type { ConvertColumn, ConvertFile } from './duckdb-convert-file.ts';
import { columnType } from './duckdb-layout.ts';
import { dbTypeOfEngineType } from './duckdb-types.ts';
import { copierOf } from './duckdb-vectors.ts';

const MAX_BATCH_BYTES = 1024 * 1024 * 1024;
/** Chunks of the engine (2 048 rows) that make one record batch. */
const BATCH_CHUNKS = 32;

/** Puts the rows of an Arrow file into a table of the connection. @returns how SQL reads them */
export async function stageArrowFile(
  connection: DuckDBConnection,
  { path, coding }: ConvertFile,
  columns: readonly ConvertColumn[],
  signal?: AbortSignal,
): Promise<string> {
  const types = columns.map(({ dbType }) => typeOf(dbType));
  // By their places: an Arrow file may have names that the engine takes for the same.
  const definitions = types.map((type, index) => `c${index} ${columnType(type)}`);
  await connection.run(`CREATE TEMP TABLE arrived (${definitions.join(', ')})`);
  const file = createReadStream(path, { highWaterMark: 1024 * 1024, ...(signal && { signal }) });
  const decoder = coding === null ? null : coding === 'gzip' ? createGunzip() : createZstdDecompress();
  const reader = await openArrow(decoder === null ? file : file.pipe(decoder), { maxMessageBytes: MAX_BATCH_BYTES });
  const appender = await connection.createAppender('arrived', 'main', 'temp');
  let rows = 0;
  try {
    for await (const { batch, faults } of reader.read(types)) {
      const [fault] = faults;
      if (fault !== undefined) {
        const message = `Row ${rows + fault.row + 1}: "${columns[fault.column]?.name}" ${fault.message}.`;
        throw new DataForgeError('invalid_value', message);
      }
      appendBatch(appender, types, batch);
      rows += batch.length;
    }
    appender.flushSync();
  } finally {
    appender.closeSync();
  }
  const select = columns.map(({ name }, index) => {
    const type = types[index]?.name;
    const value =
      type === 'JSON' ? `c${index}::JSON` : type === 'TIMESTAMP' ? `timezone('UTC', c${index})` : `c${index}`;
    return `${value} AS ${identifier(name)}`;
  });
  return `(SELECT ${select.join(', ')} FROM arrived)`;
}

/** Writes what SQL reads as an Arrow stream. @returns how many rows */
export async function writeArrowFile(
  connection: DuckDBConnection,
  source: string,
  described: readonly { readonly name: string; readonly type: string }[],
  { path, coding }: ConvertFile,
): Promise<number> {
  const columns = described.map(({ name, type }): ColumnSchema => {
    return { name, dbType: typeOf(dbTypeOfEngineType(name, type)), nullable: true };
  });
  const select = described.map(({ name, type }, index) => {
    const column = identifier(name);
    const dbType = columns[index]?.dbType;
    if (dbType?.name === 'JSON') return `${type === 'JSON' ? column : `to_json(${column})`}::VARCHAR`;
    if (type === 'TIMESTAMP WITH TIME ZONE') return `make_timestamp(epoch_us(${column}))`;
    return dbType === undefined ? column : `${column}::${columnType(dbType)}`;
  });
  let rows = 0;
  async function* counted(): AsyncGenerator<RecordBatch> {
    for await (const batch of readBatches(connection, `SELECT ${select.join(', ')} FROM ${source}`, columns)) {
      rows += batch.length;
      yield batch;
    }
  }
  const coder: Transform[] = coding === null ? [] : [coding === 'gzip' ? createGzip() : createZstdCompress()];
  await pipeline([Readable.from(writeArrowStream(columns, counted())), ...coder, createWriteStream(path)]);
  return rows;
}

/** The rows of a statement as batches; one batch is in memory at a time. */
async function* readBatches(
  connection: DuckDBConnection,
  sql: string,
  columns: readonly ColumnSchema[],
): AsyncGenerator<RecordBatch> {
  const result = await connection.stream(sql);
  for (let last = false; !last; ) {
    const chunks: DuckDBDataChunk[] = [];
    while (chunks.length < BATCH_CHUNKS && !last) {
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) last = true;
      else chunks.push(chunk);
    }
    if (chunks.length > 0) yield batchOf(chunks, columns);
  }
}

function batchOf(chunks: readonly DuckDBDataChunk[], columns: readonly ColumnSchema[]): RecordBatch {
  const rows = chunks.reduce((sum, chunk) => sum + chunk.rowCount, 0);
  const vectors = columns.map(({ dbType }, index) => {
    const copier = copierOf(dbType);
    copier.reserve(rows);
    for (const chunk of chunks) copier.append(chunk, index);
    return copier.finish(rows);
  });
  return { length: rows, columns: vectors };
}

function typeOf(dbType: string): DbType {
  const type = parseDbType(dbType);
  if (type === undefined) throw new TypeError(`${dbType} is no storage type`);
  return type;
}
