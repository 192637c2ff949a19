import type { Dataset } from '#domain/dataset/dataset.ts';
import { flatColumnName } from '#domain/dataset/names.ts';
import type { SystemFieldName } from '#domain/query/query.ts';
import { identifier } from '../sql/identifier.ts';
import { columnType, currentTable, propertyColumn } from './duckdb-layout.ts';
import type { DuckDbSession } from './duckdb-session.ts';
import { foldName } from './duckdb-sql-proof.ts';
import type { DuckDbStore } from './duckdb-store.ts';

const MAX_IDLE = 4;

/**
 * Sessions for people's SQL alone. Each shows datasets as temporary views, which a bare name finds before anything
 * else, and stands in an empty database, so that a bare name finds nothing but them.
 */
export class DuckDbSqlSessions {
  readonly #store: DuckDbStore;
  readonly #idle: DuckDbSqlSession[] = [];

  constructor(store: DuckDbStore) {
    this.#store = store;
  }

  /** Lends a session for the time of `work`. */
  async withSession<T>(work: (session: DuckDbSqlSession) => Promise<T>): Promise<T> {
    const session = await this.borrow();
    try {
      return await work(session);
    } finally {
      this.giveBack(session);
    }
  }

  async borrow(): Promise<DuckDbSqlSession> {
    for (;;) {
      const idle = this.#idle.pop();
      if (idle === undefined) return new DuckDbSqlSession(await this.#store.openSession());
      if (!idle.session.isRetired) return idle;
      this.#store.closeSession(idle.session);
    }
  }

  giveBack(session: DuckDbSqlSession): void {
    if (this.#idle.length < MAX_IDLE && !session.session.isRetired) this.#idle.push(session);
    else this.#store.closeSession(session.session);
  }
}

export class DuckDbSqlSession {
  readonly session: DuckDbSession;
  readonly #shown = new Map<string, string>();

  constructor(session: DuckDbSession) {
    this.session = session;
  }

  /** Makes the views of the datasets a query reads, as the datasets are now. */
  async show(datasets: readonly Dataset[], read: ReadonlySet<string>): Promise<void> {
    for (const dataset of datasets) {
      const name = foldName(dataset.name);
      const view = viewOf(dataset);
      if (!read.has(name) || this.#shown.get(name) === view) continue;
      await this.session.execute(`CREATE OR REPLACE TEMP VIEW ${identifier(dataset.name)} AS ${view}`);
      this.#shown.set(name, view);
    }
  }
}

/** `id`, the properties, `created_at`, `updated_at`, `version`, `_seq`. The types stand there too: a view is made anew when one changes. */
function viewOf(dataset: Dataset): string {
  const system = (name: SystemFieldName) => `_${name} AS ${identifier(flatColumnName(dataset, name))}`;
  const properties = dataset.properties.map((property) => {
    const column = propertyColumn(property);
    return property.dbType.name === 'JSON'
      ? `${column}::JSON AS ${column}`
      : `${column} /* ${columnType(property.dbType)} */`;
  });
  const columns = [
    system('id'),
    ...properties,
    ...(['created_at', 'updated_at', 'version', 'seq'] as const).map(system),
  ];
  return `SELECT ${columns.join(', ')} FROM store.${currentTable(dataset)}`;
}
