import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { DataForgeError } from '#domain/errors.ts';
import { defineFunctions } from './sqlite-functions.ts';
import type { SqliteValue } from './sqlite-values.ts';

export type SqliteRow = readonly SqliteValue[];

export interface ConnectionOptions {
  readonly path: string;
  readonly readOnly: boolean;
  /** Pages that are kept in memory, in bytes. */
  readonly cacheBytes: number;
}

/** How long a connection waits for another to fold the log; the engine itself never has two writers. */
const BUSY_TIMEOUT = 5000;
const MAX_STATEMENTS = 200;
const LEAST_CACHE = 2000 * 1024;
/** Pages of the log from which on a commit folds it into the file: what the engine does if it is left to itself. */
const FOLDED_PAGES = 1000;
/** Rows that are looked at between two looks at whether the caller has gone; a power of two. */
const ROWS_UNWATCHED = 16_384;

/**
 * A condition that is always true and ends a statement whose caller has gone, for the `WHERE` of what may take long. It
 * calls out only for one row in many.
 */
export const WATCHED = `CASE WHEN (_row & ${ROWS_UNWATCHED - 1}) = 0 THEN forge_watch() ELSE 1 END`;

/** One connection to a store file. Everything on it is synchronous, so it belongs to one thread. */
export class SqliteConnection {
  readonly database: DatabaseSync;
  readonly #cacheBytes: number;
  readonly #statements = new Map<string, StatementSync>();
  #isStopped: () => boolean = () => false;
  readonly #kept = new Map<string, number>();
  #keptVersion: SqliteValue | undefined;

  constructor({ path, readOnly, cacheBytes }: ConnectionOptions) {
    this.database = new DatabaseSync(path, { readOnly, timeout: BUSY_TIMEOUT, allowExtension: false });
    this.#cacheBytes = cacheBytes;
    this.keepPages();
    this.database.exec('PRAGMA trusted_schema = OFF');
    defineFunctions(this.database);
    this.database.function('forge_watch', () => {
      if (this.#isStopped()) throw new DataForgeError('cancelled', 'The query was interrupted.');
      return 1;
    });
  }

  /** Runs `work`; statements with `WATCHED` in them end when `isStopped` says so. */
  watched<T>(isStopped: () => boolean, work: () => T): T {
    this.#isStopped = isStopped;
    try {
      return work();
    } finally {
      this.#isStopped = () => false;
    }
  }

  /** A prepared statement, kept for the next time; its rows are arrays, its integers bigints. */
  statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.prepare(sql);
    if (this.#statements.size >= MAX_STATEMENTS) this.#statements.clear();
    this.#statements.set(sql, statement);
    return statement;
  }

  /** The same, for one use. */
  prepare(sql: string): StatementSync {
    const statement = this.database.prepare(sql);
    statement.setReadBigInts(true);
    statement.setReturnArrays(true);
    return statement;
  }

  rows(sql: string, parameters: readonly SqliteValue[] = []): SqliteRow[] {
    return this.statement(sql).all(...parameters) as unknown as SqliteRow[];
  }

  /** The first row; null where there is none. */
  row(sql: string, parameters: readonly SqliteValue[] = []): SqliteRow | null {
    return (this.statement(sql).get(...parameters) as unknown as SqliteRow | undefined) ?? null;
  }

  /** A number that a statement gives, asked for again only when another connection has changed the store. */
  keptWhileUnchanged(sql: string): number {
    return this.snapshot(() => {
      const version = this.row('PRAGMA data_version')?.[0];
      if (version !== this.#keptVersion) this.#kept.clear();
      this.#keptVersion = version;
      const known = this.#kept.get(sql);
      if (known !== undefined) return known;
      const number = Number(this.row(sql)?.[0]);
      this.#kept.set(sql, number);
      return number;
    });
  }

  /** @returns how many rows it changed */
  run(sql: string, parameters: readonly SqliteValue[] = []): number {
    return Number(this.statement(sql).run(...parameters).changes);
  }

  execute(sql: string): void {
    this.database.exec(sql);
  }

  /** All that `work` reads is one snapshot, that of the snapshot around it where there is one. */
  snapshot<T>(work: () => T): T {
    if (this.database.isTransaction) return work();
    this.execute('BEGIN');
    try {
      return work();
    } finally {
      if (this.database.isTransaction) this.execute('COMMIT');
    }
  }

  /** One durable commit, or nothing. */
  async transaction<T>(work: () => T | Promise<T>): Promise<T> {
    this.execute('BEGIN IMMEDIATE');
    try {
      const result = await work();
      this.execute('COMMIT');
      return result;
    } catch (error) {
      if (this.database.isTransaction) this.execute('ROLLBACK');
      throw error;
    }
  }

  /** How many bytes of pages stay in memory. Those that were changed and no longer fit go to the log before the commit. */
  keepPages(bytes = this.#cacheBytes): void {
    this.execute(`PRAGMA cache_size = -${Math.floor(Math.max(LEAST_CACHE, bytes) / 1024)}`);
  }

  /** Runs `work`, whose commits leave the log as it is, however long it becomes: to fold it is left to `foldLog`. */
  async growingLog<T>(work: () => Promise<T>): Promise<T> {
    this.execute('PRAGMA wal_autocheckpoint = 0');
    try {
      return await work();
    } finally {
      this.execute(`PRAGMA wal_autocheckpoint = ${FOLDED_PAGES}`);
    }
  }

  /** Writes what the log holds to the file, as far as no reader needs it; where that fails a later commit does it. */
  foldLog(): void {
    try {
      this.execute('PRAGMA wal_checkpoint(PASSIVE)');
    } catch {
      // The engine says nothing either where a commit cannot fold: all is in the log, and is durable there.
    }
  }

  close(): void {
    this.#statements.clear();
    this.database.close();
  }
}
