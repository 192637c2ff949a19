import { createReadStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { SqlFormat, SqlRows } from '#application/ports/sql-runner.ts';
import { formatDbType } from '#domain/dataset/db-type.ts';
import { DataForgeError } from '#domain/errors.ts';
import { writeArrow } from '#formats/arrow/write-arrow.ts';
import { writeSqlCsv, writeSqlNdjson } from '#formats/sql/write-sql-rows.ts';
import type { ParquetMeans } from './parquet-stream.ts';
import { newSpoolFile } from './spool.ts';

/** The answer to people's SQL in a wire format. @throws DataForgeError `invalid_sql` where the format has no such type */
export function renderSql(
  rows: SqlRows,
  format: SqlFormat,
  means: ParquetMeans,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const { columns, batches } = rows;
  if (format === 'parquet') return parquetOfSql(rows, means, signal);
  if (format === 'arrow') return writeArrow(columns, batches);
  return format === 'csv' ? writeSqlCsv(columns, batches) : writeSqlNdjson(columns, batches);
}

async function* parquetOfSql(
  { columns, batches }: SqlRows,
  { spoolDir, parquet, gate }: ParquetMeans,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const [arrow, file] = [newSpoolFile(spoolDir, 'arrow'), newSpoolFile(spoolDir, 'parquet')];
  const types = columns.map(({ name, type, dbType }) => {
    if (type.kind === 'blob') {
      throw new DataForgeError(
        'invalid_sql',
        `The column "${name}" has bytes, which Parquet is not given; write them as text.`,
      );
    }
    return { name, dbType: dbType === null ? 'VARCHAR' : formatDbType(dbType) };
  });
  try {
    await pipeline(Readable.from(writeArrow(columns, batches)), createWriteStream(arrow), { signal });
    const codec = await parquet();
    await gate.run(signal, () => codec.fromArrow(arrow, file, types, signal));
    yield* createReadStream(file, { highWaterMark: 256 * 1024, signal });
  } finally {
    await rm(arrow, { force: true });
    await rm(file, { force: true });
  }
}
