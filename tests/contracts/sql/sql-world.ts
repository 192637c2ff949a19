import type { SqlRequest, SqlRunner } from '#application/ports/sql-runner.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import type { SqlColumn, SqlParameters } from '#domain/sql/sql-type.ts';
import { rowsAsArrays } from '#formats/sql/write-sql-rows.ts';
import { dataset, everyType, property } from '../../support/dataset-builders.ts';
import { openTemporaryDuckDb } from '../../support/duckdb-engine.ts';
import { StoreDriver } from '../../support/store-driver.ts';
import type { OpenedEngine } from '../storage/contract-context.ts';

export const SALES: Dataset = dataset('sales', [property('region', 'VARCHAR'), property('amount', 'DECIMAL(10,2)')]);
export const EVERY_TYPE: Dataset = everyType();

export interface SqlAnswer {
  readonly columns: readonly SqlColumn[];
  /** Rows as JSON texts. */
  readonly rows: readonly string[];
}

/** An engine with two datasets and an easy way to ask it. */
export class SqlWorld {
  readonly store: StoreDriver;
  readonly runner: SqlRunner;
  readonly dispose: () => Promise<void>;
  datasets: readonly Dataset[] = [SALES, EVERY_TYPE];

  constructor(store: StoreDriver, runner: SqlRunner, dispose: () => Promise<void>) {
    this.store = store;
    this.runner = runner;
    this.dispose = dispose;
  }

  static async open(openEngine: () => Promise<OpenedEngine> = openTemporaryDuckDb): Promise<SqlWorld> {
    const { engine, dispose } = await openEngine();
    if (engine.sql === null) throw new Error('the engine runs no SQL');
    const world = new SqlWorld(new StoreDriver(engine), engine.sql, dispose);
    for (const each of world.datasets) await world.store.use(each);
    return world;
  }

  request(sql: string, parameters: SqlParameters = [], limit: number | null = null): SqlRequest {
    return { sql, parameters, limit, datasets: this.datasets, signal: new AbortController().signal };
  }

  async ask(sql: string, parameters: SqlParameters = [], limit: number | null = null): Promise<SqlAnswer> {
    const { columns, batches } = await this.runner.run(this.request(sql, parameters, limit));
    const rows: string[] = [];
    for await (const batch of batches) rows.push(...rowsAsArrays(columns, batch));
    return { columns, rows };
  }
}
