import { LRUCache } from 'lru-cache';
import type { Dataset } from '#domain/dataset/dataset.ts';
import type { SqlParameters } from '#domain/sql/sql-type.ts';
import { type AnalysedSql, analyseSql, bindSql, type SqlPlan } from './duckdb-sql-plan.ts';
import type { DuckDbSqlSession } from './duckdb-sql-sessions.ts';

/** Characters of all texts that are kept together. */
const MOST_KEPT = 1024 * 1024;

/**
 * What was found out about queries, kept by their texts: a client asks for the same text several times, to describe
 * it, to run it, and the next time. All is forgotten when a dataset changes.
 */
export class SqlPlans {
  #kept = newCache();
  #datasets: readonly Dataset[] = [];

  /**
   * @param parameters null where they are not known yet
   * @throws DataForgeError `invalid_sql`
   */
  async plan(
    borrowed: DuckDbSqlSession,
    { sql, datasets }: { readonly sql: string; readonly datasets: readonly Dataset[] },
    parameters: SqlParameters | null,
  ): Promise<SqlPlan> {
    const kept = this.#keptFor(datasets);
    let known = kept.get(sql);
    if (known === undefined) {
      known = await analyseSql(borrowed, sql, datasets);
      kept.set(sql, known);
    }
    if (known.known === null) await borrowed.show(datasets, known.read);
    return bindSql(borrowed, known, parameters);
  }

  #keptFor(datasets: readonly Dataset[]): LRUCache<string, AnalysedSql> {
    const isSame =
      datasets.length === this.#datasets.length && datasets.every((dataset, at) => dataset === this.#datasets[at]);
    if (!isSame) {
      this.#datasets = datasets;
      this.#kept = newCache();
    }
    return this.#kept;
  }
}

function newCache(): LRUCache<string, AnalysedSql> {
  return new LRUCache({ maxSize: MOST_KEPT, sizeCalculation: (_, text) => text.length + 1 });
}
