import type { Dataset } from '#domain/dataset/dataset.ts';
import { DataForgeError, type Fault } from '#domain/errors.ts';
import { matchUploadColumns, type UploadColumn } from '#domain/record/upload-columns.ts';
import { pointer, type RowValidator } from '#domain/record/validate-row.ts';
import type { Value } from '#domain/record/value.ts';
import { Invalid } from '#domain/record/value-rules.ts';
import type { UploadedRow } from './uploaded-row.ts';

/** What the columns of an uploaded table hold. @throws DataForgeError `invalid_body` where one cannot be taken */
export function uploadColumns(dataset: Dataset, names: readonly string[]): readonly UploadColumn[] {
  const { columns, faults } = matchUploadColumns(dataset, names);
  const [first] = faults;
  if (first !== undefined) throw new DataForgeError('invalid_body', first.message, { faults });
  return columns;
}

/** Makes complete rows of the values that stand in the columns of a table; a missing column takes the default. */
export class RowAssembler {
  readonly #validator: RowValidator;
  readonly #columns: readonly UploadColumn[];

  constructor(validator: RowValidator, columns: readonly UploadColumn[]) {
    this.#validator = validator;
    this.#columns = columns;
  }

  /** @param valueAt the value of a column, null for none, or why it cannot be taken */
  assemble(line: number, valueAt: (column: number) => Value | Invalid): UploadedRow {
    const { properties } = this.#validator.dataset;
    const row = properties.map((property) => property.default);
    const faults: Fault[] = [];
    let id: string | null = null;
    for (const [at, column] of this.#columns.entries()) {
      if (column === null) continue;
      const value = valueAt(at);
      const name = column.kind === 'id' ? 'id' : (properties[column.index]?.name ?? '');
      if (value instanceof Invalid) {
        faults.push({ pointer: pointer('', name), message: `${name} ${value.message}.` });
        if (column.kind === 'property') row[column.index] = null;
      } else if (column.kind === 'id') {
        id = value === null ? null : String(value);
      } else {
        row[column.index] = value;
      }
    }
    const refused = new Set(faults.map((fault) => fault.pointer));
    faults.push(...this.#validator.check(row, '').filter((fault) => !refused.has(fault.pointer)));
    return faults.length > 0 ? { ok: false, line, faults, garbled: false } : { ok: true, line, row, id };
  }
}
