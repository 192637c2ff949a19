import type { Dataset, Property } from './dataset.ts';
import type { DbType } from './db-type.ts';

/** One difference between what the store holds and what a dataset file says. */
export type EvolutionStep =
  | { readonly kind: 'create-dataset' }
  | { readonly kind: 'add-property'; readonly property: Property }
  | { readonly kind: 'drop-property'; readonly property: Property }
  | { readonly kind: 'change-type'; readonly property: Property; readonly from: DbType; readonly to: DbType }
  /** `required`, `enum`, bounds, lengths, `pattern` or `format` differ; the property is the new one. */
  | { readonly kind: 'tighten-rules' | 'relax-rules'; readonly property: Property }
  | { readonly kind: 'add-unique' | 'drop-unique' | 'add-index' | 'drop-index'; readonly property: Property }
  | { readonly kind: 'change-default'; readonly property: Property }
  | { readonly kind: 'change-key'; readonly from: readonly string[]; readonly to: readonly string[] }
  | { readonly kind: 'rename-table'; readonly from: string; readonly to: string }
  | { readonly kind: 'reorder-properties' }
  | { readonly kind: 'change-id-index' }
  /** Descriptions, `additional_properties`: nothing in the tables changes. */
  | { readonly kind: 'change-description' };

/**
 * `safe`: applied on start and on reload. `check`: as safe, once the store has seen that every row meets it.
 * `refused`: asks for `forge schema apply`; `loses` says whether values go or change.
 */
export type StepSafety = 'safe' | 'check' | 'refused';

export interface PlannedStep {
  readonly step: EvolutionStep;
  readonly safety: StepSafety;
  readonly loses: boolean;
  /** One sentence for people: what differs, and what becomes of the rows. */
  readonly reason: string;
}

/** How to bring the store from `stored` (null: no such dataset yet) to `dataset`. */
export interface EvolutionPlan {
  readonly dataset: Dataset;
  readonly stored: Dataset | null;
  readonly steps: readonly PlannedStep[];
}
