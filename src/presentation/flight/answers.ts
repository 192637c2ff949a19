import type { Call } from '#application/call.ts';
import type { UseCases } from '#application/use-cases.ts';
import type { RecordBatch } from '#domain/record/batch.ts';
import type { SqlBatch, SqlColumn } from '#domain/sql/sql-type.ts';
import { ArrowEncoder, type ArrowMessage } from '#formats/arrow/arrow-encoder.ts';
import type { ArrowColumn } from '#formats/arrow/arrow-schema.ts';
import { splitBatch } from '#formats/arrow/split-batch.ts';
import { readCatalog } from './catalog.ts';
import { arrowColumns, schemaOfDataset } from './dataset-schema.ts';
import type { Wanted, WantedSql } from './wanted.ts';

/** Half of what gRPC clients take in one message unless they are told otherwise. */
const MAX_BODY_BYTES = 2 * 1024 * 1024;

/** The schema of what is wanted; nothing is read for it. */
export async function describe(wanted: Wanted, useCases: UseCases, call: Call): Promise<ArrowMessage> {
  switch (wanted.kind) {
    case 'records':
      return schemaOfDataset(await useCases.getDataset({ name: wanted.schema }, call), wanted.fields);
    case 'sql':
      return new ArrowEncoder(await sqlColumns(wanted, useCases, call)).schema;
    case 'catalog':
      return (await readCatalog(wanted.command, useCases, call)).schema;
  }
}

/** What a placeholder holds can decide what a column holds, so that a bound statement is asked for no rows. */
async function sqlColumns(
  { sql, parameters }: WantedSql,
  useCases: UseCases,
  call: Call,
): Promise<readonly SqlColumn[]> {
  const { columns } =
    parameters.length === 0
      ? await useCases.describeSql({ sql }, call)
      : await useCases.runSql({ sql, parameters, limit: 0, timeout: null }, call);
  return columns;
}

/** What is wanted, message by message, the schema first. */
export async function* read(wanted: Wanted, useCases: UseCases, call: Call): AsyncGenerator<ArrowMessage> {
  switch (wanted.kind) {
    case 'records': {
      const { columns, batches } = await useCases.readBatches(wanted, call);
      yield* encode(arrowColumns(columns), sqlBatches(batches));
      return;
    }
    case 'sql': {
      const { columns, batches } = await useCases.readSql({ ...wanted, limit: null, timeout: null }, call);
      yield* encode(columns, batches);
      return;
    }
    case 'catalog': {
      const { schema, batch } = await readCatalog(wanted.command, useCases, call);
      yield schema;
      yield batch;
    }
  }
}

async function* encode(
  columns: readonly ArrowColumn[],
  batches: AsyncIterable<SqlBatch>,
): AsyncGenerator<ArrowMessage> {
  const encoder = new ArrowEncoder(columns);
  const types = columns.map(({ type }) => type);
  yield encoder.schema;
  yield* encoder.dictionaries;
  for await (const batch of batches) {
    for (const part of splitBatch(types, batch, MAX_BODY_BYTES)) yield encoder.batch(part);
  }
}

async function* sqlBatches(batches: AsyncIterable<RecordBatch>): AsyncGenerator<SqlBatch> {
  for await (const { length, columns } of batches) {
    yield { length, columns: columns.map((vector) => ({ ...vector, length, children: [] })) };
  }
}
