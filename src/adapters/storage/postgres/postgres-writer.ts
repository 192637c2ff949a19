import type { RecordWriter } from '#application/ports/record-writer.ts';
import type { WriteOutcome, WriteRequest } from '#domain/record/change.ts';
import { groupsOf } from '#domain/record/write-groups.ts';
import { translatePostgresError } from './postgres-errors.ts';
import { MARKS } from './postgres-layout.ts';
import type { PostgresStore } from './postgres-store.ts';
import { writeGroup } from './postgres-write-requests.ts';

/** Small writes on PostgreSQL: many requests, one transaction with a statement for many rows. */
export class PostgresWriter implements RecordWriter {
  readonly #store: PostgresStore;

  constructor(store: PostgresStore) {
    this.#store = store;
  }

  async commit(requests: readonly WriteRequest[]): Promise<readonly WriteOutcome[]> {
    const outcomes: WriteOutcome[] = [];
    for (const group of groupsOf(requests)) outcomes.push(...(await this.#commitGroup(group)));
    return outcomes;
  }

  async readMark(kind: string, key: string): Promise<string | null> {
    const sql = `SELECT value FROM ${MARKS} WHERE kind = $1 AND key = $2`;
    return (await this.#store.reads.use(null, (connection) => connection.row(sql, [kind, key])))?.[0] ?? null;
  }

  async readMarks(kind: string, keys: readonly string[]): Promise<ReadonlyMap<string, string>> {
    if (keys.length === 0) return new Map();
    const places = keys.map((_, at) => `$${at + 2}`).join(', ');
    const sql = `SELECT key, value FROM ${MARKS} WHERE kind = $1 AND key IN (${places})`;
    const rows = await this.#store.reads.use(null, (connection) => connection.rows(sql, [kind, ...keys]));
    return new Map(rows as unknown as [string, string][]);
  }

  async forgetMarks(kind: string, before: string): Promise<void> {
    const sql = `DELETE FROM ${MARKS} WHERE kind = $1 AND made_at < $2::timestamp`;
    await this.#store.commits.pool.use(null, (connection) => connection.run(sql, [kind, before]));
  }

  /** Where the transaction fails, each of its requests has failed; those of groups before it stand. */
  async #commitGroup(group: readonly WriteRequest[]): Promise<readonly WriteOutcome[]> {
    let outcomes: readonly WriteOutcome[] = [];
    try {
      await this.#store.commits.commit(async (commit) => {
        const written = await writeGroup(commit, group);
        outcomes = written.outcomes;
        return written;
      });
      return outcomes;
    } catch (error) {
      const translated = translatePostgresError(error);
      return group.map(() => ({ ok: false, error: translated }));
    }
  }
}
