import type pg from 'pg';
import Cursor from 'pg-cursor';
import type { PostgresValue } from './postgres-values.ts';

export type PostgresRow = readonly PostgresValue[];

/** All values come as the server writes them; what they mean is known by their columns. */
export const AS_TEXT: pg.CustomTypesConfig = { getTypeParser: () => (text: unknown) => text as never };

/** One connection while somebody has it. */
export class PostgresConnection {
  readonly client: pg.ClientBase;

  constructor(client: pg.ClientBase) {
    this.client = client;
  }

  async rows(sql: string, parameters: readonly PostgresValue[] = []): Promise<PostgresRow[]> {
    const { rows } = await this.#query(sql, parameters);
    return rows;
  }

  async row(sql: string, parameters: readonly PostgresValue[] = []): Promise<PostgresRow | null> {
    const { rows } = await this.#query(sql, parameters);
    return rows[0] ?? null;
  }

  /** @returns how many rows the statement touched */
  async run(sql: string, parameters: readonly PostgresValue[] = []): Promise<number> {
    const { rowCount } = await this.#query(sql, parameters);
    return rowCount ?? 0;
  }

  /** Several statements without parameters in one message; @returns the rows of the last. */
  async batch(statements: readonly string[]): Promise<PostgresRow[]> {
    const result: unknown = await this.client.query({ text: statements.join('; '), rowMode: 'array', types: AS_TEXT });
    const last = (Array.isArray(result) ? result.at(-1) : result) as pg.QueryArrayResult<PostgresValue[]>;
    return last.rows;
  }

  /** Rows as they are asked for, so many at a time. */
  async *blocks(sql: string, parameters: readonly PostgresValue[], size: number): AsyncGenerator<PostgresRow[]> {
    const config = { rowMode: 'array', types: AS_TEXT } as const;
    const cursor = this.client.query(new Cursor<PostgresValue[]>(sql, [...parameters], config));
    try {
      for (;;) {
        const rows = await cursor.read(size);
        if (rows.length > 0) yield rows;
        if (rows.length < size) return;
      }
    } finally {
      await cursor.close();
    }
  }

  /** Reads of one snapshot. */
  async snapshot<T>(work: () => Promise<T>): Promise<T> {
    await this.batch(['BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY']);
    const result = await work();
    await this.batch(['COMMIT']);
    return result;
  }

  #query(sql: string, parameters: readonly PostgresValue[]): Promise<pg.QueryArrayResult<PostgresValue[]>> {
    return this.client.query<PostgresValue[]>({
      text: sql,
      values: [...parameters],
      rowMode: 'array',
      types: AS_TEXT,
    });
  }
}
