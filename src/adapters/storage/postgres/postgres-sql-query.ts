import type pg from 'pg';
import Cursor from 'pg-cursor';
import { type SqlBatch, type SqlColumn, sizeOfBatch } from '#domain/sql/sql-type.ts';
import { AS_TEXT, type PostgresConnection, type PostgresRow } from './postgres-connection.ts';
import { answerBatch, answerColumns } from './postgres-sql-columns.ts';
import { refused } from './postgres-sql-text.ts';
import type { PostgresValue } from './postgres-values.ts';

const FIRST_ROWS = 64;
const MOST_ROWS = 8192;
const BATCH_BYTES = 4e6;

/** One query of people while it runs: its rows come from a cursor, as many at a time as make a batch of a common size. */
export class PostgresSqlQuery {
  readonly columns: readonly SqlColumn[];
  readonly #cursor: Cursor<PostgresValue[]>;
  #first: readonly PostgresRow[] | null;
  #left: number;
  #rowsOfNext = FIRST_ROWS;
  #isAtEnd = false;

  private constructor(
    cursor: Cursor<PostgresValue[]>,
    fields: readonly pg.FieldDef[],
    first: readonly PostgresRow[],
    left: number,
  ) {
    this.#cursor = cursor;
    this.#first = first;
    this.#left = left;
    this.#isAtEnd = first.length < FIRST_ROWS;
    this.columns = answerColumns(fields, first);
  }

  /** Starts a query, and reads the first rows, which tell more of the columns' types. */
  static async start(
    { client }: PostgresConnection,
    sql: string,
    values: readonly PostgresValue[],
    limit: number | null,
  ): Promise<PostgresSqlQuery> {
    const cursor = client.query(new Cursor<PostgresValue[]>(sql, [...values], { rowMode: 'array', types: AS_TEXT }));
    const { rows, fields } = await new Promise<{ rows: PostgresRow[]; fields: readonly pg.FieldDef[] }>(
      (resolve, reject) => {
        cursor.read(FIRST_ROWS, (error, read, result) => {
          if (error) reject(error);
          else resolve({ rows: read, fields: result.fields });
        });
      },
    );
    if (fields.length === 0) throw refused('The query has no columns; name what to select.');
    const left = limit ?? Number.POSITIVE_INFINITY;
    return new PostgresSqlQuery(cursor, fields, rows.slice(0, left), left);
  }

  /** The next rows; null behind the last. */
  async next(): Promise<SqlBatch | null> {
    const rows = await this.#take();
    if (rows.length === 0) return null;
    this.#left -= rows.length;
    const batch = answerBatch(this.columns, rows);
    const bytes = Math.max(1, sizeOfBatch(batch) / batch.length);
    this.#rowsOfNext = Math.max(1, Math.min(MOST_ROWS, Math.floor(BATCH_BYTES / bytes)));
    return batch;
  }

  async close(): Promise<void> {
    await this.#cursor.close();
  }

  async #take(): Promise<readonly PostgresRow[]> {
    const first = this.#first;
    this.#first = null;
    if (first !== null) return first;
    const asked = Math.min(this.#left, this.#rowsOfNext);
    if (this.#isAtEnd || asked <= 0) return [];
    const rows = await this.#cursor.read(asked);
    this.#isAtEnd = rows.length < asked;
    return rows;
  }
}
