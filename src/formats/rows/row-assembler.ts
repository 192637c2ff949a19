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
  readonly #defaults: readonly Value[];

  constructor(validator: RowValidator, columns: readonly UploadColumn[]) {
    this.#validator = validator;
    this.#columns = columns;
    this.#defaults = validator.dataset.properties.map((property) => property.default);
  }

  /** @param valueAt the value of a column, null for none, or why it cannot be taken */
  assemble(line: number, valueAt: (column: number) => Value | Invalid): UploadedRow {
    const row = this.#defaults.slice();
    const faults: Fault[] = [];
    let id: string | null = null;
    for (let at = 0; at < this.#columns.length; at++) {
      const column = this.#columns[at] ?? null;
      if (column === null) continue;
      const value = valueAt(at);
      if (value instanceof Invalid) {
        const name = column.kind === 'id' ? 'id' : (this.#validator.dataset.properties[column.index]?.name ?? '');
        faults.push({ pointer: pointer('', name), message: `${name} ${value.message}.` });
        if (column.kind === 'property') row[column.index] = null;
      } else if (column.kind === 'id') {
        id = value === null ? null : String(value);
      } else {
        row[column.index] = value;
      }
    }
    const broken = this.#validator.check(row, '');
    if (faults.length === 0 && broken.length === 0) return { ok: true, line, row, id };
    const refused = new Set(faults.map((fault) => fault.pointer));
    faults.push(...broken.filter((fault) => !refused.has(fault.pointer)));
    return { ok: false, line, faults, garbled: false };
  }
}
