import { isNumber } from '#domain/analysis/column.ts';
import type { DbType } from '#domain/dataset/db-type.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { BackfillWindow } from '#domain/pipeline/backfill.ts';
import type { ColumnSchema, ColumnVector, RecordBatch } from '#domain/record/batch.ts';
import { sqlTypeOf } from '#domain/sql/sql-type.ts';
import { ArrowEncoder, type ArrowMessage } from '#formats/arrow/arrow-encoder.ts';
import { openArrow } from '#formats/arrow/read-arrow.ts';
import { splitBatch } from '#formats/arrow/split-batch.ts';
import { isValid } from '#formats/columns/layout.ts';
import { readRows, readValues } from '#formats/columns/read-values.ts';
import { takeRows } from '#formats/columns/take.ts';
import { frameHeader } from '#formats/flight/flight-data.ts';
import { isWithin } from '../shared/backfill-window.ts';
import { type Border, BorderKeeper } from '../shared/border.ts';
import type { Piece } from '../shared/cut-batches.ts';
import { columnsOf } from './flight-columns.ts';
import { isDescending } from './order-of-values.ts';

/** How far the rows were read, by the column that tells new ones. */
export interface FlightCursor {
  readonly [member: string]: unknown;
  readonly border: Border | null;
  /** Whether the value at the border is a number, and stands in a query as one. */
  readonly isNumber: boolean;
}

const MOST_BATCH_BYTES = 1024 * 1024 * 1024;

/** Lets pass the rows of an ordered Arrow stream that were not read before, in parts behind which reading can go on. */
export class FlightNewRows {
  readonly #column: string;
  readonly #from: string | null;
  readonly #keeper: BorderKeeper;
  readonly #window: BackfillWindow | null;
  #columns: readonly ColumnSchema[] = [];
  #at = 0;

  /** @param window rows of other values are left out; null where all that come are wanted */
  constructor(column: string, cursor: FlightCursor | null, window: BackfillWindow | null = null) {
    this.#window = window;
    this.#column = column;
    this.#from = cursor?.border?.value ?? null;
    this.#keeper = new BorderKeeper(cursor?.border ?? null);
  }

  /** @throws DataForgeError `source_failed` where the rows are in another order */
  async *pieces(body: AsyncIterable<Uint8Array>, partBytes: number): AsyncGenerator<Piece> {
    const chunks = body[Symbol.asyncIterator]();
    const schema = await chunks.next();
    if (schema.done) return;
    await this.#readSchema(schema.value);
    const reader = await openArrow(rejoined(schema.value, chunks), { maxMessageBytes: MOST_BATCH_BYTES });
    const types = this.#columns.map(({ dbType }) => dbType);
    const encoder = new ArrowEncoder(
      this.#columns.map(({ name, dbType, nullable }) => ({ name, type: sqlTypeOf(dbType), nullable })),
    );
    const header = framed(encoder.schema);
    const sqlTypes = types.map(sqlTypeOf);
    let last: RecordBatch | null = null;
    for await (const { batch: whole, faults } of reader.read(types)) {
      if (faults[0] !== undefined) throw new DataForgeError('source_failed', faults[0].message);
      const batch = this.#withoutNulls(whole);
      this.#checkOrder(last, batch);
      if (batch.length > 0) last = batch;
      const { length, columns } = this.#withoutSeen(this.#withinWindow(batch));
      const vectors = columns.map((vector) => ({ ...vector, length, children: [] }));
      for (const part of length > 0 ? splitBatch(sqlTypes, { length, columns: vectors }, partBytes) : []) {
        this.#advance(part);
        yield { kind: 'records', format: 'arrow', header, bytes: framed(encoder.batch(part)), cursor: this.#cursor() };
      }
    }
  }

  #cursor(): FlightCursor {
    return { border: this.#keeper.border, isNumber: isNumber(this.#type) };
  }

  get #type(): DbType {
    return this.#columns[this.#at]?.dbType ?? { name: 'VARCHAR' };
  }

  async #readSchema(schema: Uint8Array): Promise<void> {
    const columns = await columnsOf(schema);
    this.#columns = columns;
    this.#at = columns.findIndex(({ name }) => name === this.#column);
    if (this.#at >= 0) return;
    const known = columns.map(({ name }) => name).join(', ');
    const message = `The flight has no column "${this.#column}"; it has ${known}.`;
    throw new DataForgeError('invalid_configuration', message);
  }

  #vectorOf({ columns }: Pick<RecordBatch, 'columns'>): ColumnVector {
    return columns[this.#at] as ColumnVector;
  }

  #valueAt(batch: RecordBatch, row: number): string {
    const { columns } = takeRows(this.#columns, batch, Int32Array.of(row));
    return String(readValues(this.#type, this.#vectorOf({ columns }), 1)[0]);
  }

  #withoutNulls(batch: RecordBatch): RecordBatch {
    const vector = this.#vectorOf(batch);
    return this.#taken(batch, (row) => isValid(vector, row));
  }

  #taken(batch: RecordBatch, isWanted: (row: number) => boolean): RecordBatch {
    const places = Int32Array.from({ length: batch.length }, (_, row) => row).filter(isWanted);
    return places.length === batch.length ? batch : takeRows(this.#columns, batch, places);
  }

  #checkOrder(before: RecordBatch | null, batch: RecordBatch): void {
    const joined = before === null ? [] : [{ vector: this.#vectorOf(before), length: before.length }];
    if (!isDescending(this.#type, [...joined, { vector: this.#vectorOf(batch), length: batch.length }])) return;
    const message = `The rows do not come in the order of ${this.#column}; sort them by it in the query or the command.`;
    throw new DataForgeError('source_failed', message);
  }

  #withinWindow(batch: RecordBatch): RecordBatch {
    const window = this.#window;
    if (window === null) return batch;
    const values = readValues(this.#type, this.#vectorOf(batch), batch.length);
    const given = { isNumber: isNumber(this.#type) };
    return this.#taken(batch, (row) => isWithin({ ...given, value: String(values[row]) }, window));
  }

  /** Rows at the border of the run before come first, since the values ascend. */
  #withoutSeen(batch: RecordBatch): RecordBatch {
    if (this.#from === null || batch.length === 0 || this.#valueAt(batch, 0) !== this.#from) return batch;
    const at = this.#rowsAt(batch, 0, 1);
    const seen = new Set(at.filter((row) => this.#keeper.wasSeen(this.#from ?? '', this.#textOf(batch, row))));
    return this.#taken(batch, (row) => !seen.has(row));
  }

  #advance(batch: RecordBatch): void {
    const last = batch.length - 1;
    const rows = this.#rowsAt(batch, last, -1).map((row) => this.#textOf(batch, row));
    this.#keeper.advance(this.#valueAt(batch, last), rows);
  }

  /** The rows one behind the other, in one direction, that have the value of the first. */
  #rowsAt(batch: RecordBatch, first: number, step: 1 | -1): number[] {
    const value = this.#valueAt(batch, first);
    const rows: number[] = [];
    for (let row = first; row >= 0 && row < batch.length && this.#valueAt(batch, row) === value; row += step) {
      rows.push(row);
    }
    return rows;
  }

  #textOf(batch: RecordBatch, row: number): string {
    const rows = readRows(this.#columns, takeRows(this.#columns, batch, Int32Array.of(row)));
    return JSON.stringify(rows[0], (_, value) => (typeof value === 'bigint' ? String(value) : value));
  }
}

function framed({ header, body }: ArrowMessage): Uint8Array {
  return Buffer.concat([frameHeader(header), ...body]);
}

async function* rejoined(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield first;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
