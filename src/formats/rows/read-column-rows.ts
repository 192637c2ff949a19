import type { DbType } from '#domain/dataset/db-type.ts';
import type { UploadColumn } from '#domain/record/upload-columns.ts';
import type { RowValidator } from '#domain/record/validate-row.ts';
import { Invalid } from '#domain/record/value-rules.ts';
import { type ArrowLimits, openArrow, type ReadBatch } from '../arrow/read-arrow.ts';
import { readValues } from '../columns/read-values.ts';
import { RowAssembler, uploadColumns } from './row-assembler.ts';
import type { UploadedRow } from './uploaded-row.ts';

/**
 * Reads an Arrow body row by row, its columns in any order; the line of a row is its place, counted from 1.
 * @throws DataForgeError `invalid_body` where it is no Arrow, or a column cannot be taken
 */
export async function* readArrowRows(
  body: AsyncIterable<Uint8Array>,
  validator: RowValidator,
  limits: ArrowLimits,
): AsyncGenerator<UploadedRow[]> {
  const reader = await openArrow(body, limits);
  const columns = uploadColumns(validator.dataset, reader.columnNames);
  const taken = columns.filter((column) => column !== null);
  const types = columns.map((column) => typeOf(validator, column));
  const assembler = new RowAssembler(validator, taken);
  let line = 0;
  for await (const block of reader.read(types)) {
    yield assembleBlock(
      assembler,
      block,
      types.filter((type) => type !== null),
      line,
    );
    line += block.batch.length;
  }
}

function assembleBlock(
  assembler: RowAssembler,
  { batch, faults }: ReadBatch,
  types: readonly DbType[],
  before: number,
) {
  const values = batch.columns.map((vector, index) => {
    const type = types[index];
    return type === undefined ? [] : readValues(type, vector, batch.length);
  });
  const faulty = new Map(faults.map(({ row, column, message }) => [`${row}:${column}`, new Invalid(message)]));
  const faultAt = (row: number, column: number) => (faulty.size === 0 ? undefined : faulty.get(`${row}:${column}`));
  return Array.from({ length: batch.length }, (_, row) =>
    assembler.assemble(before + row + 1, (column) => faultAt(row, column) ?? values[column]?.[row] ?? null),
  );
}

function typeOf({ dataset }: RowValidator, column: UploadColumn): DbType | null {
  if (column === null) return null;
  return column.kind === 'id' ? { name: 'UUID' } : (dataset.properties[column.index]?.dbType ?? null);
}
