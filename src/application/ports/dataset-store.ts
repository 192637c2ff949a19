import type { Dataset } from '#domain/dataset/dataset.ts';
import type { EvolutionPlan } from '#domain/dataset/evolution.ts';

/** Where datasets live: what the store holds, and how it is brought to what a file says. */
export interface DatasetStore {
  /** Every dataset that has a table, as it was last applied. */
  list(): Promise<readonly Dataset[]>;
  /** What it would take to make the store fit `dataset`; looks at the rows where a rule was tightened. */
  plan(dataset: Dataset): Promise<EvolutionPlan>;
  /** Carries a plan out in one transaction. Throws `incompatible_schema` where a step loses data and `acceptLoss` is false. */
  apply(plan: EvolutionPlan, options: { readonly acceptLoss: boolean }): Promise<void>;
}
