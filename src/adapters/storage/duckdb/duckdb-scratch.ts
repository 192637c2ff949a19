import { DuckDBInstance } from '@duckdb/node-api';
import type { ColumnSchema, RecordBatch } from '#domain/record/batch.ts';
import { identifier, literal } from '../sql/identifier.ts';
import { appendBatch } from './duckdb-append.ts';
import { columnType } from './duckdb-layout.ts';
import { DuckDbSession } from './duckdb-session.ts';

export interface ScratchOptions {
  /** As the engine writes it (`512MB`). */
  readonly memoryLimit: string;
  readonly threads: number;
  /** Where what does not fit in memory goes, and files that are on their way out. */
  readonly folder: string;
}

/** A DuckDB in memory beside every store, for rows that lie in none. It is made when it is first needed. */
export class DuckDbScratch {
  readonly folder: string;
  readonly #options: ScratchOptions;
  #instance: Promise<DuckDBInstance> | null = null;

  constructor(options: ScratchOptions) {
    this.#options = options;
    this.folder = options.folder;
  }

  /** A session of its own, whose temporary tables go with it when the caller closes it. */
  async openSession(): Promise<DuckDbSession> {
    this.#instance ??= this.#open();
    return new DuckDbSession(await (await this.#instance).connect());
  }

  async close(): Promise<void> {
    const instance = await this.#instance;
    this.#instance = null;
    instance?.closeSync();
  }

  async #open(): Promise<DuckDBInstance> {
    const { memoryLimit, threads, folder } = this.#options;
    const instance = await DuckDBInstance.create(':memory:', {
      memory_limit: memoryLimit,
      threads: String(threads),
      temp_directory: folder,
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    });
    const connection = await instance.connect();
    await connection.run(`SET GLOBAL allowed_directories = [${literal(folder)}]`);
    await connection.run('SET GLOBAL enable_external_access = false');
    connection.closeSync();
    return instance;
  }
}

/** Makes a temporary table of rows. */
export async function loadTable(
  session: DuckDbSession,
  name: string,
  columns: readonly ColumnSchema[],
  batches: AsyncIterable<RecordBatch>,
): Promise<void> {
  const definitions = columns.map(({ dbType }, index) => `c${index} ${columnType(dbType)}`);
  await session.execute(`CREATE TEMP TABLE ${identifier(name)} (${definitions.join(', ')})`);
  const appender = await session.connection.createAppender(name, 'main', 'temp');
  const types = columns.map(({ dbType }) => dbType);
  try {
    for await (const batch of batches) appendBatch(appender, types, batch);
    appender.flushSync();
  } finally {
    appender.closeSync();
  }
}
