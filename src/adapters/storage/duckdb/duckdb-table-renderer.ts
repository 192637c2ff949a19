import { createReadStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SqlFormat } from '#application/ports/sql-runner.ts';
import type { TableRenderer } from '#application/ports/table-renderer.ts';
import { formatDbType } from '#domain/dataset/db-type.ts';
import type { ColumnSchema, RecordBatch } from '#domain/record/batch.ts';
import { type SqlBatch, type SqlColumn, sqlTypeOf } from '#domain/sql/sql-type.ts';
import { writeArrowStream } from '#formats/arrow/write-arrow.ts';
import { writeSqlCsv, writeSqlNdjson } from '#formats/sql/write-sql-rows.ts';
import { identifier, literal } from '../sql/identifier.ts';
import { translateDuckDbError } from './duckdb-errors.ts';
import { type DuckDbScratch, loadTable } from './duckdb-scratch.ts';

/** Tables in every wire format: Parquet by the engine, the others by the codecs. */
export class DuckDbTableRenderer implements TableRenderer {
  readonly #scratch: DuckDbScratch;

  constructor(scratch: DuckDbScratch) {
    this.#scratch = scratch;
  }

  render(
    columns: readonly ColumnSchema[],
    batches: AsyncIterable<RecordBatch>,
    format: SqlFormat,
    signal: AbortSignal,
  ): AsyncIterable<Uint8Array> {
    switch (format) {
      case 'parquet':
        return this.#parquet(columns, batches, signal);
      case 'arrow':
        return writeArrowStream(columns, batches);
      case 'csv':
        return writeSqlCsv(sqlColumns(columns), sqlBatches(batches));
      case 'ndjson':
        return writeSqlNdjson(sqlColumns(columns), sqlBatches(batches));
    }
  }

  /** Written to a file, since the footer of Parquet comes last, and sent from there. */
  async *#parquet(
    columns: readonly ColumnSchema[],
    batches: AsyncIterable<RecordBatch>,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    await mkdir(this.#scratch.folder, { recursive: true });
    const file = join(this.#scratch.folder, `${crypto.randomUUID()}.parquet`);
    const session = await this.#scratch.openSession();
    try {
      await loadTable(session, 'result', columns, batches);
      const select = columns.map(parquetColumn).join(', ');
      const copy = `COPY (SELECT ${select} FROM result) TO ${literal(file)} (FORMAT parquet)`;
      await session.interruptible(signal, () => session.execute(copy));
      yield* createReadStream(file, { highWaterMark: 256 * 1024, signal });
    } catch (error) {
      throw translateDuckDbError(error);
    } finally {
      session.close();
      await rm(file, { force: true });
    }
  }
}

/** JSON and moments in UTC get their own types. */
function parquetColumn({ name, dbType }: ColumnSchema, index: number): string {
  const value =
    dbType.name === 'JSON'
      ? `c${index}::JSON`
      : dbType.name === 'TIMESTAMP'
        ? `timezone('UTC', c${index})`
        : `c${index}`;
  return `${value} AS ${identifier(name)}`;
}

function sqlColumns(columns: readonly ColumnSchema[]): SqlColumn[] {
  return columns.map(({ name, dbType }) => ({ name, type: sqlTypeOf(dbType), typeName: formatDbType(dbType), dbType }));
}

async function* sqlBatches(batches: AsyncIterable<RecordBatch>): AsyncGenerator<SqlBatch> {
  for await (const { length, columns } of batches) {
    yield { length, columns: columns.map((vector) => ({ ...vector, length, children: [] })) };
  }
}
