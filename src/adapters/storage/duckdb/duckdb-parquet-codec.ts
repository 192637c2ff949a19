import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type DuckDBDataChunk, DuckDBInstance, type DuckDBResult, VARCHAR } from '@duckdb/node-api';
import { DataForgeError } from '#domain/errors.ts';
import type { SqlBatch } from '#domain/sql/sql-type.ts';
import { writeArrow } from '#formats/arrow/write-arrow.ts';
import { abortError } from '../shared/abort.ts';
import type { ParquetCodec } from '../shared/parquet-codec.ts';
import { literal } from '../sql/identifier.ts';
import { withConnection } from './duckdb-convert.ts';
import { stageArrowFile } from './duckdb-convert-arrow.ts';
import { interruptible } from './duckdb-interrupt.ts';
import { resultColumns } from './duckdb-sql-types.ts';
import { toSqlBatch } from './duckdb-sql-vectors.ts';

/** Chunks of the engine (2 048 rows) that make one record batch. */
const BATCH_CHUNKS = 16;

/** Parquet for engines that have no reader or writer of it: an engine in memory that keeps nothing. */
export const duckDbParquetCodec: ParquetCodec = {
  async toArrow(parquet, arrow, check, signal) {
    const instance = await DuckDBInstance.create(':memory:');
    try {
      const connection = await instance.connect();
      await connection.run(`SET TimeZone = 'UTC'`);
      const result = await unlessDamaged(() => connection.stream(`SELECT * FROM read_parquet(${literal(parquet)})`));
      const columns = resultColumns(result.columnNames(), result.columnTypes());
      check(columns.map(({ name, engineType }) => ({ name, type: engineType.alias ?? String(engineType) })));
      const types = columns.map(({ engineType, asText }) => (asText ? VARCHAR : engineType));
      const batches = batchesOf(result, (chunks) => toSqlBatch(types, chunks));
      await pipeline(Readable.from(writeArrow(columns, batches)), createWriteStream(arrow), { signal });
      connection.closeSync();
    } finally {
      instance.closeSync();
    }
  },

  async fromArrow(arrow, parquet, columns, signal) {
    const from = { path: arrow, format: 'arrow', coding: null } as const;
    try {
      await withConnection(async (connection) => {
        const source = await stageArrowFile(connection, from, columns, signal);
        const copy = `COPY (SELECT * FROM ${source}) TO ${literal(parquet)} (FORMAT parquet, COMPRESSION zstd)`;
        await interruptible(connection, signal, () => connection.run(copy));
      });
    } catch (error) {
      throw signal.aborted ? abortError(signal) : error;
    }
  },
};

async function* batchesOf(
  result: DuckDBResult,
  batchOf: (chunks: readonly DuckDBDataChunk[]) => SqlBatch,
): AsyncGenerator<SqlBatch> {
  for (let last = false; !last; ) {
    const chunks: DuckDBDataChunk[] = [];
    while (chunks.length < BATCH_CHUNKS && !last) {
      const chunk = await unlessDamaged(() => result.fetchChunk());
      if (chunk === null || chunk.rowCount === 0) last = true;
      else chunks.push(chunk);
    }
    if (chunks.length > 0) yield batchOf(chunks);
  }
}

async function unlessDamaged<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    const message = 'The body is no Parquet file that can be read; send one whole file.';
    throw new DataForgeError('invalid_body', message, { cause });
  }
}
