import type { StatementSync } from 'node:sqlite';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { idOf } from '#domain/record/id.ts';
import { microsecondsOf } from '#domain/record/time.ts';
import type { CommitStamp } from '#domain/record/write-draft.ts';
import type { SqliteConnection } from './sqlite-connection.ts';
import { columnNames, currentTable } from './sqlite-layout.ts';
import type { SqliteValue } from './sqlite-values.ts';

/** Rows as they are parsed: a list of values a property. */
type Columns = readonly (readonly SqliteValue[])[];

/** Rows of one statement: with more of them its own price is no longer seen. */
const ROWS_TOGETHER = 16;
/** The engine's limit of parameters (`SQLITE_MAX_VARIABLE_NUMBER`). */
const MAX_PARAMETERS = 32_766;
/** Values bound for a row besides its properties. */
const BOUND_OF_SYSTEM = 4;
/** Behind a row whose key was taken, so many go one by one: where there is one conflict there are more. */
const ROWS_ALONE = 1024;

/**
 * Stores new rows of one dataset, all of one commit. Runs inside the writer's transaction.
 *
 * Parameters are anonymous, here and wherever a statement runs for each row: the driver asks for the name of each value
 * that it binds, and the engine finds a numbered one by going through all of them.
 */
export class SqliteInserter {
  readonly #connection: SqliteConnection;
  readonly #table: string;
  readonly #idPrefix: string;
  readonly #prepare: (rows: number) => StatementSync;
  readonly #one: StatementSync;
  #many: StatementSync | null = null;
  readonly #rowsTogether: number;
  readonly #values: SqliteValue[] = [];
  readonly #manyValues: SqliteValue[] = [];
  #alone = 0;

  constructor(connection: SqliteConnection, dataset: Dataset, { at, idPrefix }: CommitStamp, originId: number) {
    this.#connection = connection;
    this.#table = currentTable(dataset);
    this.#idPrefix = idPrefix;
    const time = String(microsecondsOf(at));
    // What all rows have in common stands in the statement: each value that is bound has its price.
    const system = ['?', '?', time, time, '1', '?', String(originId), '?'];
    const row = `(${[...system, ...dataset.properties.map(() => '?')].join(', ')})`;
    const names = columnNames(dataset).join(', ');
    this.#prepare = (rows) => {
      const values = Array(rows).fill(row).join(', ');
      const statement = connection.prepare(
        `INSERT INTO ${this.#table} (${names}) VALUES ${values} ON CONFLICT DO NOTHING`,
      );
      statement.setReadBigInts(false);
      return statement;
    };
    const bound = BOUND_OF_SYSTEM + dataset.properties.length;
    this.#rowsTogether = Math.max(1, Math.min(ROWS_TOGETHER, Math.floor(MAX_PARAMETERS / bound)));
    this.#one = this.#prepare(1);
  }

  /**
   * Stores one row under the number it is born with.
   * @returns whether it was stored; where a key of it is taken it is not
   */
  one(columns: Columns, at: number, givenId: string | null, seq: number): boolean {
    this.#bind(this.#values, 0, columns, at, givenId, seq);
    return this.#one.run(...this.#values).changes !== 0;
  }

  /**
   * Stores rows without ids of their own, as many as go at once.
   * @returns how many: all of them, or 0 where a key of one of them is taken, or where too few are left
   */
  many(columns: Columns, from: number, end: number, firstSeq: number): number {
    const count = this.#rowsTogether;
    if (end - from < count) return 0;
    if (this.#alone > 0) {
      this.#alone--;
      return 0;
    }
    let place = 0;
    for (let row = 0; row < count; row++) {
      place = this.#bind(this.#manyValues, place, columns, from + row, null, firstSeq + row);
    }
    this.#many ??= this.#prepare(count);
    const stored = this.#many.run(...this.#manyValues).changes;
    if (stored === count) return count;
    // Which of them it was decides what those behind it meet, so that they have to come in turn.
    this.#connection.run(`DELETE FROM ${this.#table} WHERE _row BETWEEN ?1 AND ?2`, [firstSeq, firstSeq + count - 1]);
    this.#alone = ROWS_ALONE;
    return 0;
  }

  /** @returns the place behind what it bound */
  #bind(
    values: SqliteValue[],
    start: number,
    columns: Columns,
    at: number,
    givenId: string | null,
    seq: number,
  ): number {
    let place = start;
    values[place++] = seq;
    values[place++] = givenId ?? idOf(this.#idPrefix, seq);
    values[place++] = seq;
    values[place++] = givenId === null ? null : 1;
    for (let index = 0; index < columns.length; index++) values[place++] = columns[index]?.[at] ?? null;
    return place;
  }
}
