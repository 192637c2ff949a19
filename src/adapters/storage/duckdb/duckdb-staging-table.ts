import type { Dataset } from '#domain/dataset/dataset.ts';
import type { DuckDbSession } from './duckdb-session.ts';
import { createStaged } from './duckdb-staged.ts';

/**
 * The temporary table `staged` that the blocks of an upload are read into, each behind the one before: blocks that lie
 * in one table go into the dataset's as one.
 */
export class StagingTable {
  readonly #session: DuckDbSession;
  readonly #dataset: Dataset;
  #before = 0;

  private constructor(session: DuckDbSession, dataset: Dataset) {
    this.#session = session;
    this.#dataset = dataset;
  }

  static async open(session: DuckDbSession, dataset: Dataset): Promise<StagingTable> {
    const table = new StagingTable(session, dataset);
    await table.empty();
    return table;
  }

  /** Rows of the blocks before; the row number of a row is this and its place in the block at hand. */
  get before(): number {
    return this.#before;
  }

  /** The condition that a row is one of the block at hand. */
  get isOfBlock(): string {
    return `rowid >= ${this.#before}`;
  }

  /** Closes the block at hand; what is read from here on is the next. */
  keep(rows: number): void {
    this.#before += rows;
  }

  /** Takes away what was read of the block at hand. Rows are not deleted: their numbers would be missing. */
  async restart(): Promise<void> {
    if (this.#before === 0) return this.empty();
    await this.#session.execute(
      `CREATE OR REPLACE TEMP TABLE kept AS SELECT * FROM temp.staged WHERE rowid < ${this.#before}`,
    );
    await this.#session.execute('DROP TABLE temp.staged');
    await this.#session.execute('ALTER TABLE temp.kept RENAME TO staged');
  }

  /** Gives what was kept another name, and begins anew. */
  async moveTo(name: string): Promise<void> {
    await this.#session.execute(`ALTER TABLE temp.staged RENAME TO ${name}`);
    await this.empty();
  }

  async empty(): Promise<void> {
    await this.#session.execute(createStaged(this.#dataset));
    this.#before = 0;
  }
}
