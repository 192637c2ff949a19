import type { AnalysisColumn } from '#domain/analysis/column.ts';
import { inputColumn } from '#domain/analysis/operation.ts';
import type { DbType } from '#domain/dataset/db-type.ts';
import type { ColumnSchema, RecordBatch } from '#domain/record/batch.ts';
import { writeArrowStream } from '#formats/arrow/write-arrow.ts';
import { type ColumnForm, encodeColumn, formType } from './column-forms.ts';

/** One column of the input in one form, under the name that the library knows it by. */
export interface WireColumn {
  readonly wire: string;
  readonly column: string;
  readonly form: ColumnForm;
  /** Of the input's column. */
  readonly dbType: DbType;
}

/** The rows of an input on their way into a library: gathered batch by batch, in the forms that were asked for. */
export class LibraryTable {
  readonly #columns: readonly AnalysisColumn[];
  /** The columns of the batches that come. */
  readonly #read: readonly string[];
  readonly #batches: RecordBatch[] = [];
  readonly #wires = new Map<string, WireColumn>();
  #rows = 0;

  constructor(columns: readonly AnalysisColumn[], read: readonly string[]) {
    this.#columns = columns;
    this.#read = read;
  }

  get rows(): number {
    return this.#rows;
  }

  add(batch: RecordBatch): void {
    this.#batches.push(batch);
    this.#rows += batch.length;
  }

  /** The name of a column in a form; the same one each time. */
  wire(column: string, form: ColumnForm): string {
    const key = `${form}/${column}`;
    const known = this.#wires.get(key);
    if (known !== undefined) return known.wire;
    const { dbType } = inputColumn(this.#columns, column);
    const made = { wire: `w${this.#wires.size}`, column, form, dbType };
    this.#wires.set(key, made);
    return made.wire;
  }

  /** The rows in all forms that were named, as one Arrow IPC stream. The batches are let go. */
  async bytes(): Promise<Uint8Array> {
    const [first] = this.#read;
    if (this.#wires.size === 0 && first !== undefined) this.wire(first, 'key');
    const wires = [...this.#wires.values()];
    const schema = wires.map(({ wire, dbType, form }): ColumnSchema => {
      return { name: wire, dbType: formType(dbType, form), nullable: true };
    });
    const parts: Uint8Array[] = [];
    for await (const part of writeArrowStream(schema, this.#encoded(wires))) parts.push(part);
    return Buffer.concat(parts);
  }

  async *#encoded(wires: readonly WireColumn[]): AsyncGenerator<RecordBatch> {
    for (let batch = this.#batches.shift(); batch !== undefined; batch = this.#batches.shift()) {
      const { length, columns } = batch;
      yield {
        length,
        columns: wires.map(({ column, form, dbType }) => {
          const vector = columns[this.#read.indexOf(column)];
          if (vector === undefined) throw new RangeError(`a batch lacks the column "${column}"`);
          return encodeColumn(dbType, form, vector, length);
        }),
      };
    }
  }
}
