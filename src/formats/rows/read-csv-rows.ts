import type { Dataset } from '#domain/dataset/dataset.ts';
import type { DbType } from '#domain/dataset/db-type.ts';
import { DataForgeError } from '#domain/errors.ts';
import { parseJson } from '#domain/record/json.ts';
import type { UploadColumn } from '#domain/record/upload-columns.ts';
import type { RowValidator } from '#domain/record/validate-row.ts';
import { readTextValue } from '#domain/record/value-rules.ts';
import { type CsvRecord, readCsv } from '../csv/read-csv.ts';
import { RowAssembler, uploadColumns } from './row-assembler.ts';
import { garbledRow, type UploadedRow } from './uploaded-row.ts';

/**
 * Reads CSV with a header, its columns in any order.
 * @throws DataForgeError `invalid_body` where the header cannot be taken
 */
export async function* readCsvRows(
  body: AsyncIterable<Uint8Array>,
  validator: RowValidator,
  limits: { readonly maxRowBytes: number },
): AsyncGenerator<UploadedRow[]> {
  let table: CsvTable | null = null;
  for await (const records of readCsv(body, { maxRecordBytes: limits.maxRowBytes })) {
    const rows: UploadedRow[] = [];
    for (const record of records) {
      if (table === null) table = new CsvTable(validator, record);
      else rows.push(table.read(record));
    }
    if (rows.length > 0) yield rows;
  }
  if (table === null) throw new DataForgeError('invalid_body', 'The CSV body is empty; begin it with a header line.');
}

class CsvTable {
  readonly #types: readonly (DbType | null)[];
  readonly #assembler: RowAssembler;

  constructor(validator: RowValidator, header: CsvRecord) {
    if (header.cells === null)
      throw new DataForgeError('invalid_body', `The CSV header cannot be read: ${header.fault}`);
    const columns = uploadColumns(
      validator.dataset,
      header.cells.map((cell) => cell ?? ''),
    );
    this.#types = columns.map((column) => typeOf(validator.dataset, column));
    this.#assembler = new RowAssembler(validator, columns);
  }

  read({ line, cells, fault }: CsvRecord): UploadedRow {
    if (cells === null) return garbledRow(line, fault);
    const width = this.#types.length;
    if (cells.length !== width) {
      return garbledRow(line, `This record has ${cells.length} cells where the header has ${width}.`);
    }
    return this.#assembler.assemble(line, (at) => {
      const cell = cells[at] ?? null;
      const type = this.#types[at] ?? null;
      return cell === null || type === null ? null : readTextValue(type, cell, parseJson);
    });
  }
}

function typeOf(dataset: Dataset, column: UploadColumn): DbType | null {
  if (column === null) return null;
  return column.kind === 'id' ? { name: 'UUID' } : (dataset.properties[column.index]?.dbType ?? null);
}
