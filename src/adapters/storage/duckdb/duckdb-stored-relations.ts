import type { OpenRelations, Relation, RelationRunner } from '#application/ports/relation-runner.ts';
import { flatColumns } from '#domain/record/flat-columns.ts';
import { SqlParameters } from '../sql/compile-filter.ts';
import { identifier } from '../sql/identifier.ts';
import { fieldColumn } from './duckdb-layout.ts';
import { selectBatches } from './duckdb-relations.ts';
import { selectRows } from './duckdb-row-stream.ts';
import type { DuckDbStore } from './duckdb-store.ts';

/** Relations that are queries of the store: computed where they lie, in one read transaction. */
export class DuckDbStoredRelations implements RelationRunner {
  readonly #store: DuckDbStore;

  constructor(store: DuckDbStore) {
    this.#store = store;
  }

  async open(
    relations: readonly Relation[],
    signal: AbortSignal,
    onProgress?: (part: number) => void,
  ): Promise<OpenRelations> {
    const { gate } = this.#store.options;
    const parameters = new SqlParameters();
    const queries = relations.map((relation) => relationQuery(relation, parameters));
    const session = await this.#store.borrow();
    try {
      await session.run('BEGIN TRANSACTION READ ONLY');
    } catch (error) {
      this.#store.giveBack(session);
      throw error;
    }
    return {
      select: (sql, columns) =>
        selectBatches(session, {
          sql: `WITH ${queries.join(', ')} SELECT * FROM (${sql})`,
          values: parameters.values,
          columns,
          signal,
          gate,
          onProgress,
        }),
      close: async () => {
        await session.run('ROLLBACK').catch(() => {});
        this.#store.giveBack(session);
      },
    };
  }
}

function relationQuery({ name, input }: Relation, parameters: SqlParameters): string {
  const { query } = input;
  if (query === null) throw new TypeError('rows that lie in no store cannot be computed in one');
  const columns = flatColumns(query.dataset, null).map(({ field, name: shown }) => {
    return `${fieldColumn(field)} AS ${identifier(shown)}`;
  });
  const select = [...columns, '_id AS _order'].join(', ');
  return `${identifier(name)} AS NOT MATERIALIZED (${selectRows(query, select, parameters).sql})`;
}
