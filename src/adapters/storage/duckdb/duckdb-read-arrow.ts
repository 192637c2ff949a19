import type { Dataset } from '#domain/dataset/dataset.ts';
import type { DbType } from '#domain/dataset/db-type.ts';
import type { UploadColumn } from '#domain/record/upload-columns.ts';
import { pointer } from '#domain/record/validate-row.ts';
import { type CellFault, openArrow, type ReadBatch } from '#formats/arrow/read-arrow.ts';
import { uploadColumns } from '#formats/rows/row-assembler.ts';
import { appendBatch } from './duckdb-append.ts';
import { columnType } from './duckdb-layout.ts';
import { type LoadContext, MAX_ROW_BYTES, type StagedBlock } from './duckdb-load-context.ts';
import { type ColumnSource, stageSource } from './duckdb-read-columns.ts';

const MAX_BATCH_BYTES = 16 * MAX_ROW_BYTES;

interface TakenColumn {
  readonly name: string;
  readonly type: DbType;
}

/** Arrow: the codec makes every column the property's own type; its buffers go into the engine as they are. */
export async function* stageArrow(context: LoadContext): AsyncGenerator<StagedBlock> {
  const { request } = context;
  const reader = await openArrow(request.body, { maxMessageBytes: MAX_BATCH_BYTES });
  const columns = uploadColumns(request.dataset, reader.columnNames);
  const types = columns.map((column) => typeOf(request.dataset, column));
  const taken = columns.flatMap((column, index): TakenColumn[] => {
    const type = types[index] ?? null;
    return column === null || type === null ? [] : [{ name: reader.columnNames[index] ?? '', type }];
  });
  let rowsBefore = 0;
  for await (const { batches, last } of blocksOf(reader.read(types), context.blocks.arrowRows)) {
    yield await stageBatches(context, taken, batches, rowsBefore, last);
    for (const { batch } of batches) rowsBefore += batch.length;
  }
}

function typeOf(dataset: Dataset, column: UploadColumn): DbType | null {
  if (column === null) return null;
  return column.kind === 'id' ? { name: 'UUID' } : (dataset.properties[column.index]?.dbType ?? null);
}

/** Gathers batches to blocks, and knows which block is the last. */
async function* blocksOf(
  batches: AsyncGenerator<ReadBatch>,
  blockRows: number,
): AsyncGenerator<{ batches: ReadBatch[]; last: boolean }> {
  let block: ReadBatch[] = [];
  let rows = 0;
  for await (const batch of batches) {
    if (rows >= blockRows) {
      yield { batches: block, last: false };
      block = [];
      rows = 0;
    }
    block.push(batch);
    rows += batch.batch.length;
  }
  yield { batches: block, last: true };
}

async function stageBatches(
  context: LoadContext,
  taken: readonly TakenColumn[],
  batches: readonly ReadBatch[],
  rowsBefore: number,
  last: boolean,
): Promise<StagedBlock> {
  const { session } = context;
  const columns = taken.map(({ type }, index) => `c${index} ${columnType(type)}`);
  await session.execute(`CREATE OR REPLACE TEMP TABLE arrived (${['place BIGINT', ...columns].join(', ')})`);
  const appender = await session.connection.createAppender('arrived', 'main', 'temp');
  const types: DbType[] = [{ name: 'BIGINT' }, ...taken.map(({ type }) => type)];
  const faults = new Map<number, CellFault[]>();
  let place = 0;
  try {
    for (const { batch, faults: found } of batches) {
      for (const fault of found) {
        const known = faults.get(place + fault.row);
        if (known === undefined) faults.set(place + fault.row, [fault]);
        else known.push(fault);
      }
      const places = BigInt64Array.from({ length: batch.length }, (_, row) => BigInt(place + row));
      const placeColumn = { validity: null, data: new Uint8Array(places.buffer), offsets: null };
      appendBatch(appender, types, { length: batch.length, columns: [placeColumn, ...batch.columns] });
      place += batch.length;
    }
  } finally {
    appender.closeSync();
  }
  const source: ColumnSource = {
    columns: taken.map(({ name, type }, index) => ({ name, type: columnType(type), expression: `c${index}` })),
    from: 'temp.arrived',
    rowNumber: 'place',
    rowsBefore,
    last,
    faultyRows: [...faults.keys()],
    faultsAt: (row) =>
      (faults.get(row) ?? []).map(({ column, message }) => {
        const name = taken[column]?.name ?? '';
        return { pointer: pointer('', name), message: `${name} ${message}.` };
      }),
  };
  return stageSource(context, source);
}
