import type { AdmissionGate } from '#application/ports/admission-gate.ts';
import type { OpenRelations, Relation, RelationRunner } from '#application/ports/relation-runner.ts';
import { inputColumn } from '#domain/analysis/operation.ts';
import { identifier } from '../sql/identifier.ts';
import { translateDuckDbError } from './duckdb-errors.ts';
import { selectBatches } from './duckdb-relations.ts';
import { type DuckDbScratch, loadTable } from './duckdb-scratch.ts';
import type { DuckDbSession } from './duckdb-session.ts';

/** Relations of any rows, loaded into a DuckDB in memory: for stores of other engines, and rows that lie in none. */
export class DuckDbLoadedRelations implements RelationRunner {
  readonly #scratch: DuckDbScratch;
  readonly #gate: AdmissionGate;

  constructor(scratch: DuckDbScratch, gate: AdmissionGate) {
    this.#scratch = scratch;
    this.#gate = gate;
  }

  async open(
    relations: readonly Relation[],
    signal: AbortSignal,
    onProgress?: (part: number) => void,
  ): Promise<OpenRelations> {
    const session = await this.#scratch.openSession();
    try {
      for (const relation of relations) await loadRelation(session, relation, { withOrder: true, signal });
    } catch (error) {
      session.close();
      throw translateDuckDbError(error);
    }
    return {
      select: (sql, columns) =>
        selectBatches(session, { sql, values: [], columns, signal, gate: this.#gate, onProgress }),
      close: async () => session.close(),
    };
  }
}

/**
 * The columns lie under their places, and a view gives them their names: the engine takes some names for the same.
 * @param withOrder whether the view has the column `_order` too
 */
export async function loadRelation(
  session: DuckDbSession,
  { name, input, columns }: Relation,
  { withOrder, signal }: { readonly withOrder: boolean; readonly signal: AbortSignal },
): Promise<void> {
  const schema = columns.map((column) => inputColumn(input.columns, column));
  await loadTable(session, `loaded_${name}`, schema, input.read(columns, signal));
  const named = columns.map((column, index) => `c${index} AS ${identifier(column)}`);
  if (withOrder) named.push('rowid AS _order');
  await session.execute(
    `CREATE TEMP VIEW ${identifier(name)} AS SELECT ${named.join(', ')} FROM ${identifier(`loaded_${name}`)}`,
  );
}
