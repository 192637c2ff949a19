import type { Maintenance, StoreHealth } from '#application/ports/maintenance.ts';
import { writeBackup } from './postgres-backup.ts';
import { datasetsIn } from './postgres-evolve.ts';
import { currentTable, DATASETS, historyTable, STORE } from './postgres-layout.ts';
import type { PostgresNotices } from './postgres-notices.ts';
import type { PostgresSqlRunner } from './postgres-sql-runner.ts';
import type { PostgresStore } from './postgres-store.ts';

/** Health, backup and upkeep of a store in a database. */
export class PostgresMaintenance implements Maintenance {
  readonly #store: PostgresStore;
  readonly #notices: PostgresNotices;
  readonly #sql: PostgresSqlRunner;

  constructor(store: PostgresStore, notices: PostgresNotices, sql: PostgresSqlRunner) {
    this.#sql = sql;
    this.#store = store;
    this.#notices = notices;
  }

  async health(): Promise<StoreHealth> {
    const facts = { engine: 'postgres', engineVersion: this.#store.engineVersion };
    const { heads, reads } = this.#store;
    const size =
      "SELECT coalesce(sum(pg_total_relation_size(oid)), 0) FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace";
    try {
      const [head, bytes] = await reads.use(null, async (connection) => [
        Number((await connection.row(`SELECT sequence FROM ${STORE}`))?.[0]),
        Number((await connection.row(size))?.[0]),
      ]);
      heads.see(head ?? 0);
      return { ok: true, problem: null, head: heads.head, bytes: bytes ?? 0, ...facts };
    } catch {
      return { ok: false, problem: 'The database does not answer.', head: heads.head, bytes: 0, ...facts };
    }
  }

  backup(to: string): Promise<void> {
    return writeBackup(this.#store, to);
  }

  /** A dataset at a time, so that other writers come in between. */
  async trimHistory(before: string, only?: string): Promise<void> {
    const { commits, reads } = this.#store;
    for (const dataset of await reads.use(null, datasetsIn)) {
      if (only !== undefined && dataset.name !== only) continue;
      const history = historyTable(dataset);
      await commits.commit(async ({ connection, stamp }) => {
        await connection.run(
          `WITH gone AS (DELETE FROM ${history} WHERE _to_at < $1::timestamp RETURNING CASE WHEN _deleted THEN _to_seq ELSE _seq END AS seq) ` +
            `UPDATE ${DATASETS} SET trimmed_to = greatest(trimmed_to, (SELECT coalesce(max(seq), 0) FROM gone)) WHERE name = $2`,
          [before, dataset.name],
        );
        return { nextSeq: stamp.firstSeq, datasets: [] };
      });
    }
  }

  async compact(): Promise<void> {
    const { commits, reads } = this.#store;
    for (const dataset of await reads.use(null, datasetsIn)) {
      await commits.pool.use(null, async (connection) => {
        for (const table of [currentTable, historyTable])
          await connection.batch([`VACUUM (ANALYZE) ${table(dataset)}`]);
      });
    }
  }

  async close(): Promise<void> {
    const { commits, reads, streams } = this.#store;
    await Promise.all([this.#sql.close(), commits.pool.close(), reads.close(), streams.close()]);
    await this.#notices.close();
  }
}
