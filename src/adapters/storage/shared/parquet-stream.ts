import { createReadStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { AdmissionGate } from '#application/ports/admission-gate.ts';
import { formatDbType } from '#domain/dataset/db-type.ts';
import type { ColumnSchema, RecordBatch } from '#domain/record/batch.ts';
import { writeArrowStream } from '#formats/arrow/write-arrow.ts';
import type { ParquetCodec } from './parquet-codec.ts';
import { newSpoolFile } from './spool.ts';

/** What it takes to write Parquet. */
export interface ParquetMeans {
  readonly spoolDir: string;
  readonly parquet: () => Promise<ParquetCodec>;
  readonly gate: AdmissionGate;
}

/** Batches as a file of Parquet: written to the spool, since its footer comes last, and sent from there. */
export async function* parquetOf(
  { schema, batches }: { readonly schema: readonly ColumnSchema[]; readonly batches: AsyncIterable<RecordBatch> },
  { spoolDir, parquet, gate }: ParquetMeans,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const arrow = newSpoolFile(spoolDir, 'arrow');
  const file = newSpoolFile(spoolDir, 'parquet');
  try {
    await pipeline(Readable.from(writeArrowStream(schema, batches)), createWriteStream(arrow));
    const columns = schema.map(({ name, dbType }) => ({ name, dbType: formatDbType(dbType) }));
    const codec = await parquet();
    await gate.run(signal, () => codec.fromArrow(arrow, file, columns, signal));
    yield* createReadStream(file, { highWaterMark: 256 * 1024, signal });
  } finally {
    await rm(arrow, { force: true });
    await rm(file, { force: true });
  }
}
