import type { DatasetStore } from '#application/ports/dataset-store.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { type EvolutionPlan, planEvolution } from '#domain/dataset/evolution.ts';
import { refuseLoss } from '../shared/settle-steps.ts';
import { datasetsIn } from './sqlite-evolve.ts';
import type { SqliteStore } from './sqlite-store.ts';

/** Datasets and their tables. A dataset's description is kept as JSON text beside its tables. */
export class SqliteDatasets implements DatasetStore {
  readonly #store: SqliteStore;

  constructor(store: SqliteStore) {
    this.#store = store;
  }

  async list(): Promise<readonly Dataset[]> {
    return datasetsIn(this.#store.points);
  }

  async plan(dataset: Dataset): Promise<EvolutionPlan> {
    const stored = (await this.list()).find(({ name }) => name === dataset.name) ?? null;
    const plan = planEvolution(stored, dataset);
    return plan.steps.some(({ safety }) => safety === 'check') ? this.#store.readers.call('plan', plan) : plan;
  }

  async apply(plan: EvolutionPlan, { acceptLoss }: { readonly acceptLoss: boolean }): Promise<void> {
    refuseLoss(plan, acceptLoss);
    if (plan.steps.length > 0) await this.#store.writer.call('evolve', { plan });
  }
}
