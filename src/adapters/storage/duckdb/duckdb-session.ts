import type {
  DuckDBConnection,
  DuckDBDataChunk,
  DuckDBMaterializedResult,
  DuckDBPreparedStatement,
  DuckDBValue,
} from '@duckdb/node-api';
import { DataForgeError } from '#domain/errors.ts';
import { isGivenUp, storeIsDown, translateDuckDbError } from './duckdb-errors.ts';
import { interruptible } from './duckdb-interrupt.ts';

/** What the engine's driver can bind here; everything with more structure travels as text and is cast in SQL. */
export type DuckDbParameter = string | number | bigint | boolean | null;

const MAX_CACHED_STATEMENTS = 200;

/**
 * One connection. Statements on it run one behind the other: whoever holds a session waits for each call.
 * Prepared statements are kept by their text.
 */
export class DuckDbSession {
  readonly connection: DuckDBConnection;
  readonly #statements = new Map<string, DuckDBPreparedStatement>();
  readonly #onGivenUp: () => void;
  #retirement: Promise<unknown> | null = null;

  /** @param onGivenUp is told when a statement finds that the engine has given up the store's file */
  constructor(connection: DuckDBConnection, onGivenUp: () => void = () => {}) {
    this.connection = connection;
    this.#onGivenUp = onGivenUp;
  }

  /** Whether the file that it was opened on was given up; it refuses every statement then. */
  get isRetired(): boolean {
    return this.#retirement !== null;
  }

  /** Ends what runs on it and lets go of the file, which is about to be opened anew: no statement may go on there. */
  async retire(): Promise<void> {
    this.connection.interrupt();
    this.#retirement ??= this.connection.run('ROLLBACK').catch(() => {});
    await this.#retirement;
  }

  /**
   * Runs a prepared statement and reads all it returns as arrays of plain values, for answers of a bounded number of rows.
   * The rows are taken as soon as the statement has run: each wait for the driver would be a turn of the event loop.
   */
  async rows(sql: string, parameters: readonly DuckDbParameter[] = []): Promise<unknown[][]> {
    try {
      const statement = await this.#prepare(sql);
      bind(statement, parameters);
      return rowsOf(await statement.run());
    } catch (error) {
      this.#statements.delete(sql);
      throw this.#failure(error);
    }
  }

  /** Runs a statement that is used once and leaves its result in the engine's own blocks. */
  async materialize(sql: string, parameters: readonly DuckDbParameter[]): Promise<DuckDBMaterializedResult> {
    try {
      const statement = await this.#prepareOnce(sql);
      bind(statement, parameters);
      return await statement.run();
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /**
   * Runs a statement whose rows are fetched while the engine makes them.
   * @returns a function that gives the next chunk, null after the last; it throws the signal's reason where that fired,
   * since an engine that is interrupted between two chunks just ends
   */
  async stream(
    sql: string,
    parameters: readonly DuckDbParameter[],
    signal: AbortSignal,
  ): Promise<() => Promise<DuckDBDataChunk | null>> {
    try {
      const statement = await this.#prepareOnce(sql);
      bind(statement, parameters);
      const result = await statement.stream();
      return async () => {
        try {
          this.#refuseRetired();
          const chunk = await result.fetchChunk();
          if (chunk !== null && chunk.rowCount > 0) return chunk;
          throwIfAborted(signal);
          this.#refuseRetired();
          return null;
        } catch (error) {
          throw this.#failure(error);
        }
      };
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /** Ends the statement of `stream` where its rows were not read to the end, and gives back what the engine made ahead. */
  async endStream(): Promise<void> {
    await this.connection.run('SELECT 1').catch(() => {});
  }

  /** Runs a statement whose result nobody reads. */
  async run(sql: string, parameters: readonly DuckDbParameter[] = []): Promise<void> {
    try {
      const statement = await this.#prepare(sql);
      bind(statement, parameters);
      await statement.run();
    } catch (error) {
      this.#statements.delete(sql);
      throw this.#failure(error);
    }
  }

  /**
   * Runs text that is used once: schema changes, settings, statements with long literals. Whatever makes a table goes
   * here: a prepared CREATE TABLE AS crashes the engine when it runs a second time.
   */
  async execute(sql: string): Promise<void> {
    try {
      this.#refuseRetired();
      await this.connection.run(sql);
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /** Runs `work` between BEGIN and COMMIT; rolls back where it throws. */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    await this.run('BEGIN TRANSACTION');
    let result: T;
    try {
      result = await work();
      await this.run('COMMIT');
    } catch (error) {
      await this.connection.run('ROLLBACK').catch(() => {});
      throw error;
    }
    return result;
  }

  /**
   * Runs `work` and interrupts the engine when the signal fires.
   * @throws DataForgeError `query_timeout` or `cancelled`, as the signal's reason says
   */
  interruptible<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    return interruptible(this.connection, signal, work);
  }

  /** Ends the connection, at once or when its retirement is over: the engine must not be in the middle of a statement. */
  close(): void {
    if (this.#retirement === null) this.#disconnect();
    else void this.#retirement.then(() => this.#disconnect());
  }

  #disconnect(): void {
    for (const statement of this.#statements.values()) statement.destroySync();
    this.#statements.clear();
    this.connection.closeSync();
  }

  #prepareOnce(sql: string): Promise<DuckDBPreparedStatement> {
    this.#refuseRetired();
    return this.connection.prepare(sql);
  }

  #refuseRetired(): void {
    if (this.isRetired) throw storeIsDown();
  }

  #failure(error: unknown): DataForgeError {
    if (this.isRetired) return storeIsDown(error);
    if (isGivenUp(error)) this.#onGivenUp();
    return translateDuckDbError(error);
  }

  async #prepare(sql: string): Promise<DuckDBPreparedStatement> {
    this.#refuseRetired();
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = await this.connection.prepare(sql);
    if (this.#statements.size >= MAX_CACHED_STATEMENTS) {
      const [oldest] = this.#statements;
      if (oldest) {
        oldest[1].destroySync();
        this.#statements.delete(oldest[0]);
      }
    }
    this.#statements.set(sql, statement);
    return statement;
  }
}

function rowsOf(result: DuckDBMaterializedResult): unknown[][] {
  const rows: unknown[][] = [];
  const { chunkCount } = result;
  for (let index = 0; index < chunkCount; index++) result.getChunk(index).appendToRows(rows as DuckDBValue[][]);
  return rows;
}

function bind(statement: DuckDBPreparedStatement, parameters: readonly DuckDbParameter[]): void {
  parameters.forEach((value, index) => {
    const at = index + 1;
    if (value === null) statement.bindNull(at);
    else if (typeof value === 'string') statement.bindVarchar(at, value);
    else if (typeof value === 'bigint') bindInteger(statement, at, value);
    else if (typeof value === 'boolean') statement.bindBoolean(at, value);
    else if (Number.isSafeInteger(value)) statement.bindBigInt(at, BigInt(value));
    else statement.bindDouble(at, value);
  });
}

function bindInteger(statement: DuckDBPreparedStatement, at: number, value: bigint): void {
  if (BigInt.asIntN(64, value) === value) statement.bindBigInt(at, value);
  else statement.bindHugeInt(at, value);
}

/** @throws DataForgeError the signal's reason, or `cancelled`, where the signal has fired */
export function throwIfAborted(signal: AbortSignal): void {
  if (!signal.aborted) return;
  if (signal.reason instanceof DataForgeError) throw signal.reason;
  throw new DataForgeError('cancelled', 'The caller went away before the answer was ready.', { cause: signal.reason });
}
