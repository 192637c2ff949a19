import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { SqlPlaceholder } from '#application/ports/sql-runner.ts';
import { parseDbType } from '#domain/dataset/db-type.ts';
import { DataForgeError } from '#domain/errors.ts';
import { type SqlBatch, type SqlColumn, sizeOfBatch } from '#domain/sql/sql-type.ts';
import { translateSqliteError } from './sqlite-errors.ts';
import type { SqlQuery } from './sqlite-sql-calls.ts';
import { type Answered, answerBatch, answerColumns } from './sqlite-sql-columns.ts';
import { openSandbox, openTypes, refuseBeneath } from './sqlite-sql-sandbox.ts';
import { type ReadableSql, readSql, refused } from './sqlite-sql-text.ts';
import { parameterValues } from './sqlite-sql-values.ts';

/** Rows of the first batch, so that the first bytes leave soon; of the others as many as make `BATCH_BYTES`. */
const FIRST_ROWS = 2048;
const MOST_ROWS = 32_768;
const BATCH_BYTES = 2 * 1024 * 1024;

/** One query of people's SQL, prepared in its sandbox. */
export class SandboxedQuery {
  readonly #query: SqlQuery;
  readonly #readable: ReadableSql;
  readonly #database: DatabaseSync;
  readonly #statement: StatementSync;
  readonly #declared: readonly (string | null)[];
  #rows: Iterator<readonly Answered[]> | null = null;
  #columns: readonly SqlColumn[] = [];
  #left: number;
  #rowsOfNext = FIRST_ROWS;

  /** @throws DataForgeError `invalid_sql` */
  constructor(query: SqlQuery) {
    this.#query = query;
    this.#readable = readSql(query.sql);
    refuseBeneath(this.#readable.names, query.datasets);
    const named = new Set([...this.#readable.names].map((name) => name.toLowerCase()));
    const datasets = query.datasets.filter(({ name }) => named.has(name.toLowerCase()));
    this.#left = query.limit ?? Number.POSITIVE_INFINITY;
    try {
      this.#database = openSandbox(query, datasets);
    } catch (error) {
      throw sqlError(error);
    }
    try {
      this.#statement = this.#database.prepare(this.#readable.sql);
      this.#statement.setReturnArrays(true);
      this.#statement.setReadBigInts(true);
      this.#declared = declaredTypes(this.#readable, datasets);
    } catch (error) {
      this.#database.close();
      throw sqlError(error);
    }
  }

  /** Where the engine knows not all types, and no placeholder is in the way, the first rows are read for them. */
  describe(): { readonly columns: readonly SqlColumn[]; readonly placeholders: readonly SqlPlaceholder[] } {
    const names = this.#names();
    const placeholders = this.#readable.placeholders.map((name) => ({ name, type: null }));
    const isKnown = names.every((_, index) => parseDbType(this.#declared[index] ?? '') !== undefined);
    if (!isKnown && placeholders.length === 0) return { columns: this.start().columns, placeholders };
    return { columns: answerColumns(names, this.#declared, null), placeholders };
  }

  /** Reads the first rows, which show the types of the columns that the engine does not know of. */
  start(): { readonly columns: readonly SqlColumn[]; readonly batch: SqlBatch | null } {
    const values = parameterValues(this.#readable.placeholders, this.#query.parameters ?? []);
    try {
      this.#rows = this.#statement.iterate(...values) as unknown as Iterator<readonly Answered[]>;
      // The types of an answer must not depend on how much of it is wanted.
      const rows = this.#take(FIRST_ROWS);
      this.#columns = answerColumns(this.#names(), this.#declared, rows);
      return { columns: this.#columns, batch: this.#batch(rows) };
    } catch (error) {
      throw sqlError(error);
    }
  }

  /** The next rows; null behind the last. */
  next(): SqlBatch | null {
    try {
      return this.#batch(this.#take(Math.min(this.#rowsOfNext, this.#left)));
    } catch (error) {
      throw sqlError(error);
    }
  }

  close(): void {
    this.#rows?.return?.();
    this.#database.close();
  }

  #names(): string[] {
    return this.#statement.columns().map(({ name }) => name ?? '');
  }

  #take(most: number): (readonly Answered[])[] {
    const rows: (readonly Answered[])[] = [];
    while (rows.length < most) {
      const next = this.#rows?.next();
      if (next === undefined || next.done) break;
      rows.push(next.value);
    }
    return rows;
  }

  #batch(taken: readonly (readonly Answered[])[]): SqlBatch | null {
    const rows = taken.length > this.#left ? taken.slice(0, this.#left) : taken;
    this.#left -= rows.length;
    if (rows.length === 0) return null;
    const batch = answerBatch(this.#columns, rows);
    const bytes = Math.max(1, sizeOfBatch(batch) / batch.length);
    this.#rowsOfNext = Math.max(1, Math.min(MOST_ROWS, Math.floor(BATCH_BYTES / bytes)));
    return batch;
  }
}

function declaredTypes({ sql, explain }: ReadableSql, datasets: SqlQuery['datasets']): (string | null)[] {
  if (explain) return [];
  const types = openTypes(datasets);
  try {
    return types
      .prepare(sql)
      .columns()
      .map(({ type }) => type ?? null);
  } finally {
    types.close();
  }
}

/** What the engine says of somebody's own query, without the names of what lies beneath the datasets. */
function sqlError(error: unknown): DataForgeError {
  if (error instanceof DataForgeError) return error;
  const translated = translateSqliteError(error);
  const isTheirs = translated.code === 'internal' || translated.code === 'unknown_dataset';
  if (!isTheirs) return translated;
  const text = error instanceof Error ? error.message : String(error);
  if (/not authorized|prohibited/i.test(text)) {
    return refused('The query reaches for something that is no dataset or no function it may call.', error);
  }
  const told = /(?:data|history|forge)\.|forge_(?!runs\b)|sqlite_/i.test(text) ? 'a part of it is not valid' : text;
  return refused(`The query cannot be run: ${told.replace(/[.!]+$/, '').slice(0, 500)}.`, error);
}
