import { open, rm } from 'node:fs/promises';
import type { Dataset } from '#domain/dataset/dataset.ts';
import type { DbType } from '#domain/dataset/db-type.ts';
import { DataForgeError, type Fault } from '#domain/errors.ts';
import { parseJson } from '#domain/record/json.ts';
import type { UploadColumn } from '#domain/record/upload-columns.ts';
import { readTextValue } from '#domain/record/value-rules.ts';
import { RowAssembler, uploadColumns } from '#formats/rows/row-assembler.ts';
import { identifier, literal } from '../sql/identifier.ts';
import {
  type LoadContext,
  reject,
  type StagedBlock,
  StagedCorrections,
  type StagingContext,
} from './duckdb-load-context.ts';
import { packRows, unpackRows } from './duckdb-rows.ts';
import { throwIfAborted } from './duckdb-session.ts';
import { newSpoolFile, writeSpool } from './duckdb-spool.ts';
import { exactText, type SourceColumn, stageColumns } from './duckdb-stage-columns.ts';

/** Where typed rows come from: a relation whose rows `range` picks, each with its number from 0 in `rowNumber`. */
export interface ColumnSource {
  readonly columns: readonly SourceColumn[];
  readonly from: string;
  readonly rowNumber: string;
  /** Rows before this block in the body. */
  readonly rowsBefore: number;
  /** What reading the source found wrong with a row already. */
  readonly faultsAt: (row: number) => readonly Fault[];
  readonly faultyRows: readonly number[];
}

/** Parquet: the engine's own reader, values checked by the rules of the contract. */
export async function* stageParquet(context: StagingContext): AsyncGenerator<StagedBlock> {
  const file = newSpoolFile(context.spoolDir, 'parquet');
  const blockRows = context.blocks.parquetRows;
  try {
    await spoolFile(file, context);
    const { columns, rows } = await describeParquet(context, file);
    for (let start = 0; start === 0 || start < rows; start += blockRows) {
      const end = start + blockRows;
      const whole = `read_parquet(${literal(file)}, file_row_number = true)`;
      const range = `(SELECT * FROM ${whole} WHERE file_row_number >= ${start} AND file_row_number < ${end})`;
      const from = rows <= blockRows ? whole : range;
      yield await stageSource(context, {
        columns,
        from,
        rowNumber: `file_row_number - ${start}`,
        rowsBefore: start,
        faultsAt: () => [],
        faultyRows: [],
      });
    }
  } finally {
    await rm(file, { force: true });
  }
}

async function spoolFile(file: string, { request }: LoadContext): Promise<void> {
  const handle = await open(file, 'w');
  try {
    for await (const chunk of request.body) {
      throwIfAborted(request.signal);
      await writeSpool(handle, [chunk]);
    }
  } finally {
    await handle.close();
  }
}

async function describeParquet(
  { session }: LoadContext,
  file: string,
): Promise<{ columns: SourceColumn[]; rows: number }> {
  try {
    const described = await session.rows(`DESCRIBE SELECT * FROM read_parquet(${literal(file)})`);
    const [count] = await session.rows(`SELECT num_rows FROM parquet_file_metadata(${literal(file)})`);
    return {
      columns: described.map(([name, type]) => ({
        name: String(name),
        type: String(type),
        expression: identifier(String(name)),
      })),
      rows: Number(count?.[0]),
    };
  } catch (error) {
    throw new DataForgeError('invalid_body', 'The body is no Parquet file that can be read; send one whole file.', {
      cause: error,
    });
  }
}

/** Stages one block of Parquet. */
async function stageSource(context: StagingContext, source: ColumnSource): Promise<StagedBlock> {
  const { session, request } = context;
  const sql = stageColumns(request.dataset, source.columns, source.from);
  try {
    await session.interruptible(request.signal, () => session.execute(sql));
  } catch (error) {
    if (!(error instanceof DataForgeError) || error.code !== 'internal') throw error;
    throw new DataForgeError('invalid_body', 'The rows of the body cannot be read; the file is damaged.', {
      cause: error,
    });
  }
  return decideRows(context, source);
}

/** Settles the rows of the block at hand that the engine was not sure of, and counts. */
export async function decideRows(context: StagingContext, source: ColumnSource): Promise<StagedBlock> {
  const { session, staging } = context;
  await markFaulty(context, source);
  const [row] = await session.rows(`SELECT count(*), count(*) FILTER (ok) FROM temp.staged WHERE ${staging.isOfBlock}`);
  const [rows = 0, sure = 0] = (row ?? []).map(Number);
  const lineOf = (place: number) => source.rowsBefore + place + 1;
  if (sure < rows) await settle(context, source, rows, lineOf);
  return { complete: sure === rows, rows, lineOf };
}

/** A row that its reader found fault with is not sure, whatever stands in its columns. */
async function markFaulty(context: StagingContext, { faultyRows }: ColumnSource): Promise<void> {
  if (faultyRows.length === 0) return;
  await context.session.run(
    `UPDATE temp.staged SET ok = FALSE WHERE rowid IN (SELECT c0::BIGINT FROM ${unpackRows('$1', 1)})`,
    [packRows(faultyRows.map((row) => [String(context.staging.before + row)]))],
  );
}

/** Row numbers of a source whose unsure rows are read at once. */
const SETTLED_ROWS = 50_000;

/** Reads the rows that the engine was not sure of as text, and judges them by the exact rule. */
async function settle(
  context: StagingContext,
  source: ColumnSource,
  rows: number,
  lineOf: (place: number) => number,
): Promise<void> {
  const { session, staging, validator, rejections, request } = context;
  const names = source.columns.map(({ name }) => name);
  const columns = uploadColumns(validator.dataset, names);
  const types = columns.map((column): DbType => typeOf(validator.dataset, column));
  const assembler = new RowAssembler(validator, columns);
  const corrections = new StagedCorrections(context);
  const texts = source.columns.map((column, at) => exactText(types[at] ?? { name: 'VARCHAR' }, column)).join(', ');
  const { rowNumber, from } = source;
  for (let start = 0; start < rows && !rejections.isFull; start += SETTLED_ROWS) {
    const range = `BETWEEN ${start} AND ${start + SETTLED_ROWS - 1}`;
    const unsure = await session.interruptible(request.signal, () =>
      session.rows(
        `SELECT ${rowNumber}, ${texts} FROM ${from} WHERE ${rowNumber} ${range} ` +
          `AND ${rowNumber} IN (SELECT rowid - ${staging.before} FROM temp.staged WHERE NOT ok AND ${staging.isOfBlock} AND rowid - ${staging.before} ${range})`,
      ),
    );
    for (const [number, ...cells] of unsure) {
      const place = Number(number);
      const known = source.faultsAt(place);
      if (known.length > 0) {
        reject(context, lineOf(place), { ok: false, line: 0, faults: known, garbled: false });
        continue;
      }
      const row = assembler.assemble(lineOf(place), (at) => {
        const cell = cells[at] as string | null;
        return cell === null || !columns[at] ? null : readTextValue(types[at] ?? { name: 'VARCHAR' }, cell, parseJson);
      });
      if (row.ok) await corrections.add(place, row);
      else reject(context, row.line, row);
    }
    await corrections.flush();
  }
}

function typeOf(dataset: Dataset, column: UploadColumn): DbType {
  const property = column?.kind === 'property' ? dataset.properties[column.index] : undefined;
  return property?.dbType ?? { name: 'UUID' };
}
