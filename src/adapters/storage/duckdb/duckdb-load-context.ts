import type { BulkRequest } from '#application/ports/bulk-loader.ts';
import type { Rejections } from '#application/records/rejections.ts';
import type { RowValidator } from '#domain/record/validate-row.ts';
import type { Row } from '#domain/record/value.ts';
import type { UploadedRow } from '#formats/rows/uploaded-row.ts';
import { columnType } from './duckdb-layout.ts';
import type { RowFinder } from './duckdb-row-finder.ts';
import { castColumns, packRows, rowTexts, unpackRows } from './duckdb-rows.ts';
import type { DuckDbSession } from './duckdb-session.ts';
import type { StagingTable } from './duckdb-staging-table.ts';

/** Bytes that one row of an upload may have as it was sent. */
export const MAX_ROW_BYTES = 16 * 1024 * 1024;

/** How much of a body is staged at once. */
export interface BlockSizes {
  /** Bytes of text. */
  readonly bytes: number;
  /** Rows of Arrow; a batch of the body is never cut. */
  readonly arrowRows: number;
  /** Rows of Parquet. */
  readonly parquetRows: number;
}

export const BLOCK_SIZES: BlockSizes = { bytes: 48 * 1024 * 1024, arrowRows: 250_000, parquetRows: 1_000_000 };

/** What an upload is worked on with. */
export interface LoadContext {
  readonly request: BulkRequest;
  readonly session: DuckDbSession;
  readonly finder: RowFinder;
  readonly spoolDir: string;
  readonly blocks: BlockSizes;
  readonly validator: RowValidator;
  readonly rejections: Rejections;
}

/** What the readers of every format work with: the block at hand goes into `staging`. */
export interface StagingContext extends LoadContext {
  readonly staging: StagingTable;
}

/** A block that lies in the staging table, every row of it decided: `ok` is true, or the row is not stored. */
export interface StagedBlock {
  /** Whether every row of the staged table is to be stored. */
  readonly complete: boolean;
  readonly rows: number;
  /** The line in the body of a row of the staged table, by its place from 0. */
  readonly lineOf: (place: number) => number;
}

/** A block in a temporary table of its own. */
export interface StagedTable extends StagedBlock {
  readonly table: string;
}

const ROWS_A_STATEMENT = 2000;

/** Appends rows that were read by the exact rule to the staged table. */
export class StagedRows {
  readonly #context: LoadContext;
  #rows: (string | null)[][] = [];

  constructor(context: LoadContext) {
    this.#context = context;
  }

  async add({ row, id }: { readonly row: Row; readonly id: string | null }): Promise<void> {
    this.#rows.push(['true', id, ...rowTexts(row)]);
    if (this.#rows.length >= ROWS_A_STATEMENT) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#rows.length === 0) return;
    const types = ['BOOLEAN', 'UUID', ...propertyTypes(this.#context)];
    await this.#context.session.run(
      `INSERT INTO temp.staged SELECT ${castColumns(types)} FROM ${unpackRows('$1', types.length)}`,
      [packRows(this.#rows)],
    );
    this.#rows = [];
  }
}

/** Puts right rows of the block at hand that the engine was not sure of, by their places in it. */
export class StagedCorrections {
  readonly #context: StagingContext;
  #rows: (string | null)[][] = [];

  constructor(context: StagingContext) {
    this.#context = context;
  }

  async add(place: number, { row, id }: { readonly row: Row; readonly id: string | null }): Promise<void> {
    this.#rows.push([String(this.#context.staging.before + place), 'true', id, ...rowTexts(row)]);
    if (this.#rows.length >= ROWS_A_STATEMENT) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#rows.length === 0) return;
    const types = ['BOOLEAN', 'UUID', ...propertyTypes(this.#context)];
    const names = ['ok', 'gid', ...this.#context.request.dataset.properties.map((_, index) => `p${index}`)];
    const sets = names.map((name, index) => `${name} = u.c${index + 1}::${types[index]}`).join(', ');
    await this.#context.session.run(
      `UPDATE temp.staged SET ${sets} FROM ${unpackRows('$1', types.length + 1)} AS u WHERE staged.rowid = u.c0::BIGINT`,
      [packRows(this.#rows)],
    );
    this.#rows = [];
  }
}

/** Counts a row that is not valid. */
export function reject({ rejections }: LoadContext, line: number, row: UploadedRow & { ok: false }): void {
  rejections.add(line, row.faults, row.garbled ? 'invalid_body' : 'invalid_value');
}

function propertyTypes({ request }: LoadContext): string[] {
  return request.dataset.properties.map((property) => columnType(property.dbType));
}
