import type { SqlDescription, SqlFormat, SqlRequest, SqlRows, SqlRunner } from '#application/ports/sql-runner.ts';
import type { SqlBatch } from '#domain/sql/sql-type.ts';
import { renderSql } from '../shared/render-sql.ts';
import type { SqlQuery } from './sqlite-sql-calls.ts';
import { SqliteSqlProcess } from './sqlite-sql-process.ts';
import type { SqliteStore } from './sqlite-store.ts';

/** Processes that are kept for the next query. */
const MOST_IDLE = 2;
/** How long the first rows of a query wait for somebody to ask for them. */
const HELD_MS = 10_000;

/** People's SQL on SQLite, each query in a process of its own. */
export class SqliteSqlRunner implements SqlRunner {
  readonly #store: SqliteStore;
  readonly #memoryBytes: number;
  readonly #idle: SqliteSqlProcess[] = [];
  readonly #all = new Set<SqliteSqlProcess>();

  constructor(store: SqliteStore, memoryBytes: number) {
    this.#store = store;
    this.#memoryBytes = memoryBytes;
  }

  async describe(request: Omit<SqlRequest, 'limit' | 'parameters'>): Promise<SqlDescription> {
    const query = this.#query({ ...request, limit: null, parameters: [] });
    const process = this.#take();
    try {
      const start = { kind: 'start', query: { ...query, parameters: null } } as const;
      const { columns, placeholders } = await process.ask(start, 'described', request.signal);
      return { columns, parameters: placeholders };
    } finally {
      await this.#giveBack(process);
    }
  }

  async run(request: SqlRequest): Promise<SqlRows> {
    const { signal } = request;
    const { gate } = this.#store;
    const query = this.#query(request);
    const process = this.#take();
    try {
      const first = await gate.run(signal, () => process.ask({ kind: 'start', query }, 'started', signal));
      return { columns: first.columns, batches: this.#batches(process, first.batch, signal) };
    } catch (error) {
      await this.#giveBack(process);
      throw error;
    }
  }

  async render(request: SqlRequest, format: SqlFormat) {
    const { columns, batches } = await this.run(request);
    return { columns, bytes: renderSql({ columns, batches }, format, this.#store, request.signal) };
  }

  /** Ends every process. */
  close(): void {
    for (const process of this.#all) process.kill();
    this.#all.clear();
  }

  #query({ sql, parameters, datasets, limit }: Omit<SqlRequest, 'signal'>): SqlQuery {
    const { path, spoolDir } = this.#store;
    return { path, spoolDir, sql, parameters, datasets, limit, memoryBytes: this.#memoryBytes };
  }

  /** A query whose rows nobody comes for is ended. */
  #batches(process: SqliteSqlProcess, first: SqlBatch | null, signal: AbortSignal): AsyncIterable<SqlBatch> {
    const forgotten = setTimeout(() => process.kill(), HELD_MS).unref();
    const { gate } = this.#store;
    const giveBack = () => this.#giveBack(process);
    return (async function* () {
      clearTimeout(forgotten);
      try {
        for (let batch = first; batch !== null; ) {
          yield batch;
          batch = (await gate.run(signal, () => process.ask({ kind: 'next' }, 'batch', signal))).batch;
        }
      } finally {
        await giveBack();
      }
    })();
  }

  #take(): SqliteSqlProcess {
    for (let process = this.#idle.pop(); process !== undefined; process = this.#idle.pop()) {
      if (!process.hasEnded) return process;
      this.#all.delete(process);
    }
    const process = new SqliteSqlProcess();
    this.#all.add(process);
    return process;
  }

  async #giveBack(process: SqliteSqlProcess): Promise<void> {
    const { signal } = new AbortController();
    const isWell =
      !process.hasEnded &&
      (await process.ask({ kind: 'end' }, 'ended', signal).then(
        () => true,
        () => false,
      ));
    if (isWell && this.#idle.length < MOST_IDLE) {
      this.#idle.push(process);
      return;
    }
    process.kill();
    this.#all.delete(process);
  }
}
