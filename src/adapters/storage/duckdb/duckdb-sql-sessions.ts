import type { Dataset } from '#domain/dataset/dataset.ts';
import { flatColumnName } from '#domain/dataset/names.ts';
import type { SystemFieldName } from '#domain/query/query.ts';
import { identifier } from '../sql/identifier.ts';
import { columnType, currentTable, propertyColumn } from './duckdb-layout.ts';
import type { DuckDbSession } from './duckdb-session.ts';
import type { DuckDbStore } from './duckdb-store.ts';

const MAX_IDLE = 4;

/**
 * Sessions for people's SQL alone. Each has the datasets as temporary views, which a bare name finds before anything
 * else, and stands in an empty database, so that a bare name finds nothing but them.
 */
export class DuckDbSqlSessions {
  readonly #store: DuckDbStore;
  readonly #idle: SqlSession[] = [];

  constructor(store: DuckDbStore) {
    this.#store = store;
  }

  /** Lends a session that has views of just these datasets. */
  async borrow(datasets: readonly Dataset[]): Promise<DuckDbSqlSession> {
    const session = this.#idle.pop() ?? new SqlSession(await this.#store.openSession());
    try {
      await session.show(datasets);
      return session;
    } catch (error) {
      this.giveBack(session, true);
      throw error;
    }
  }

  giveBack(session: DuckDbSqlSession, broken = false): void {
    if (broken || this.#idle.length >= MAX_IDLE) this.#store.closeSession(session.session);
    else this.#idle.push(session as SqlSession);
  }
}

export interface DuckDbSqlSession {
  readonly session: DuckDbSession;
  /** Names of the views, lower case. */
  readonly views: ReadonlySet<string>;
}

class SqlSession implements DuckDbSqlSession {
  readonly session: DuckDbSession;
  readonly #shown = new Map<string, string>();

  constructor(session: DuckDbSession) {
    this.session = session;
  }

  get views(): ReadonlySet<string> {
    return new Set([...this.#shown.keys()].map((name) => name.toLowerCase()));
  }

  async show(datasets: readonly Dataset[]): Promise<void> {
    const wanted = new Map(datasets.map((dataset) => [dataset.name, viewOf(dataset)]));
    for (const name of [...this.#shown.keys()]) {
      if (wanted.get(name) === this.#shown.get(name)) continue;
      await this.session.execute(`DROP VIEW IF EXISTS temp.main.${identifier(name)}`);
      this.#shown.delete(name);
    }
    for (const [name, view] of wanted) {
      if (this.#shown.has(name)) continue;
      await this.session.execute(`CREATE OR REPLACE TEMP VIEW ${identifier(name)} AS ${view}`);
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
