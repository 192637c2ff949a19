import type { DatasetStore } from '#application/ports/dataset-store.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { describeDataset } from '#domain/dataset/describe-dataset.ts';
import { type EvolutionPlan, planEvolution } from '#domain/dataset/evolution.ts';
import { writeJson } from '#domain/record/json.ts';
import { dependsOnRows, refuseLoss, refuseMisfits } from '../shared/settle-steps.ts';
import { settleSteps } from './duckdb-check-step.ts';
import { evolveTables } from './duckdb-evolve.ts';
import { createIndex, createTables, indexesOf } from './duckdb-layout.ts';
import { datasetsOf } from './duckdb-meta.ts';
import type { DuckDbStore } from './duckdb-store.ts';

/** Datasets and their tables. A dataset's description is kept as JSON text beside its tables. */
export class DuckDbDatasets implements DatasetStore {
  readonly #store: DuckDbStore;

  constructor(store: DuckDbStore) {
    this.#store = store;
  }

  list(): Promise<readonly Dataset[]> {
    return this.#store.withSession(datasetsOf);
  }

  async plan(dataset: Dataset): Promise<EvolutionPlan> {
    const stored = (await this.list()).find(({ name }) => name === dataset.name) ?? null;
    const plan = planEvolution(stored, dataset);
    if (stored === null || !plan.steps.some(dependsOnRows)) return plan;
    const { compilePattern } = this.#store.options;
    const steps = await this.#store.withSession((session) => settleSteps(session, stored, plan.steps, compilePattern));
    return { ...plan, steps };
  }

  async apply(plan: EvolutionPlan, { acceptLoss }: { readonly acceptLoss: boolean }): Promise<void> {
    refuseLoss(plan, acceptLoss);
    if (plan.steps.length === 0) return;
    const { stored, steps } = plan;
    const { writer, commitLock, locatorIndexes, options } = this.#store;
    await commitLock.hold(async () => {
      if (stored === null) {
        await writer.transaction(() => this.#create(plan.dataset));
      } else {
        refuseMisfits(steps, await settleSteps(writer, stored, steps, options.compilePattern));
        await locatorIndexes.drop(stored);
        await evolveTables(writer, stored, plan, () => this.#describe(plan.dataset));
      }
    });
  }

  async #create(dataset: Dataset): Promise<void> {
    const { writer } = this.#store;
    for (const sql of createTables(dataset)) await writer.execute(sql);
    for (const index of indexesOf(dataset)) await writer.execute(createIndex(dataset, index));
    await this.#describe(dataset);
  }

  async #describe(dataset: Dataset): Promise<void> {
    const { writer } = this.#store;
    await writer.run('DELETE FROM forge.datasets WHERE name = $1', [dataset.name]);
    const definition = writeJson(describeDataset(dataset));
    await writer.run('INSERT INTO forge.datasets VALUES ($1, $2)', [dataset.name, definition]);
  }
}
