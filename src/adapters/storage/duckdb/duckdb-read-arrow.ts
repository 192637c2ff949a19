import type { Dataset } from '#domain/dataset/dataset.ts';
import type { DbType } from '#domain/dataset/db-type.ts';
import type { ColumnVector } from '#domain/record/batch.ts';
import type { UploadColumn } from '#domain/record/upload-columns.ts';
import { pointer } from '#domain/record/validate-row.ts';
import type { CellFault, ReadBatch } from '#formats/arrow/read-arrow.ts';
import { byteWidth } from '#formats/columns/layout.ts';
import { uploadColumns } from '#formats/rows/row-assembler.ts';
import { appendBatch } from './duckdb-append.ts';
import { columnType } from './duckdb-layout.ts';
import { type LoadContext, MAX_ROW_BYTES, type StagedBlock, type StagingContext } from './duckdb-load-context.ts';
import { decideRows } from './duckdb-read-columns.ts';
import { ruleConditions, valueLiteral } from './duckdb-rules.ts';

const MAX_BATCH_BYTES = 16 * MAX_ROW_BYTES;

/** What a column of the staged table is filled from. */
interface Target {
  readonly name: string;
  readonly type: DbType;
  /** Place among the columns that were read; -1 where the body has no such column. */
  readonly from: number;
}

/** Arrow: the codec makes every column the property's own type; its buffers go into the staged table as they are. */
export async function* stageArrow(context: StagingContext): AsyncGenerator<StagedBlock> {
  const { request } = context;
  const { openArrow } = await import('#formats/arrow/read-arrow.ts');
  const reader = await openArrow(request.body, { maxMessageBytes: MAX_BATCH_BYTES });
  const columns = uploadColumns(request.dataset, reader.columnNames);
  const types = columns.map((column) => typeOf(request.dataset, column));
  const targets = targetsOf(request.dataset, columns, reader.columnNames);
  let rowsBefore = 0;
  for await (const batches of blocksOf(reader.read(types), context.blocks.arrowRows)) {
    yield await stageBatches(context, targets, batches, rowsBefore);
    for (const { batch } of batches) rowsBefore += batch.length;
  }
}

function typeOf(dataset: Dataset, column: UploadColumn): DbType | null {
  if (column === null) return null;
  return column.kind === 'id' ? { name: 'UUID' } : (dataset.properties[column.index]?.dbType ?? null);
}

/** The columns of the staged table behind `ok`: the id, then the properties. */
function targetsOf(dataset: Dataset, columns: readonly UploadColumn[], names: readonly string[]): Target[] {
  const taken = columns.flatMap((column, at) => (column === null ? [] : [{ column, name: names[at] ?? '' }]));
  const id = taken.findIndex(({ column }) => column.kind === 'id');
  const properties = dataset.properties.map(({ dbType, name }, index): Target => {
    const from = taken.findIndex(({ column }) => column.kind === 'property' && column.index === index);
    return { name, type: dbType, from };
  });
  return [{ name: taken[id]?.name ?? 'id', type: { name: 'UUID' }, from: id }, ...properties];
}

/** Gathers batches to blocks. */
async function* blocksOf(batches: AsyncGenerator<ReadBatch>, blockRows: number): AsyncGenerator<ReadBatch[]> {
  let block: ReadBatch[] = [];
  let rows = 0;
  for await (const batch of batches) {
    if (rows >= blockRows) {
      yield block;
      block = [];
      rows = 0;
    }
    block.push(batch);
    rows += batch.batch.length;
  }
  yield block;
}

async function stageBatches(
  context: StagingContext,
  targets: readonly Target[],
  batches: readonly ReadBatch[],
  rowsBefore: number,
): Promise<StagedBlock> {
  const { session, staging, request } = context;
  const faults = await appendBatches(context, targets, batches);
  await fillDefaults(context, targets);
  const conditions = request.dataset.properties.flatMap((property, index) => ruleConditions(property, `p${index}`));
  if (conditions.length > 0) {
    await session.execute(
      `UPDATE temp.staged SET ok = FALSE WHERE ${staging.isOfBlock} AND NOT (${conditions.join(' AND ')})`,
    );
  }
  const present = targets.flatMap(({ name, type, from }, at) =>
    from < 0 ? [] : [{ name, type: columnType(type), expression: at === 0 ? 'gid' : `p${at - 1}` }],
  );
  return decideRows(context, {
    columns: present,
    from: 'temp.staged',
    rowNumber: `rowid - ${staging.before}`,
    rowsBefore,
    faultyRows: [...faults.keys()],
    faultsAt: (row) =>
      (faults.get(row) ?? []).map(({ column, message }) => {
        const name = targets.find(({ from }) => from === column)?.name ?? '';
        return { pointer: pointer('', name), message: `${name} ${message}.` };
      }),
  });
}

/** @returns what the codec found wrong, by row of the block */
async function appendBatches(
  { session }: LoadContext,
  targets: readonly Target[],
  batches: readonly ReadBatch[],
): Promise<Map<number, CellFault[]>> {
  const faults = new Map<number, CellFault[]>();
  const types: DbType[] = [{ name: 'BOOLEAN' }, ...targets.map(({ type }) => type)];
  const appender = await session.connection.createAppender('staged', 'main', 'temp');
  let rows = 0;
  try {
    for (const { batch, faults: found } of batches) {
      for (const fault of found) {
        const known = faults.get(rows + fault.row);
        if (known === undefined) faults.set(rows + fault.row, [fault]);
        else known.push(fault);
      }
      const ok = { validity: null, data: new Uint8Array(Math.ceil(batch.length / 8)).fill(0xff), offsets: null };
      const columns = targets.map(({ type, from }) => batch.columns[from] ?? nulls(type, batch.length));
      appendBatch(appender, types, { length: batch.length, columns: [ok, ...columns] });
      rows += batch.length;
    }
  } finally {
    appender.closeSync();
  }
  return faults;
}

function nulls(type: DbType, rows: number): ColumnVector {
  const width = byteWidth(type);
  return {
    validity: new Uint8Array(Math.ceil(rows / 8)),
    data: new Uint8Array(width === null ? 0 : width === 0 ? Math.ceil(rows / 8) : rows * width),
    offsets: width === null ? new Int32Array(rows + 1) : null,
  };
}

/** A column that the body does not have takes its default. */
async function fillDefaults({ session, staging, request }: StagingContext, targets: readonly Target[]): Promise<void> {
  const sets = request.dataset.properties.flatMap((property, index) => {
    const missing = (targets[index + 1]?.from ?? -1) < 0;
    return missing && property.default !== null ? [`p${index} = ${valueLiteral(property, property.default)}`] : [];
  });
  if (sets.length > 0) await session.execute(`UPDATE temp.staged SET ${sets.join(', ')} WHERE ${staging.isOfBlock}`);
}
