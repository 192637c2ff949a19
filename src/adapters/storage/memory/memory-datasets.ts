import type { DatasetStore } from '#application/ports/dataset-store.ts';
import { convertValue } from '#domain/dataset/compare-rules.ts';
import { constraintValues, keyText, type UniqueConstraint, uniqueConstraints } from '#domain/dataset/constraints.ts';
import { type Dataset, indexOfProperty } from '#domain/dataset/dataset.ts';
import { type EvolutionPlan, type PlannedStep, planEvolution } from '#domain/dataset/evolution.ts';
import type { CompilePattern } from '#domain/record/pattern.ts';
import type { Row } from '#domain/record/value.ts';
import {
  breaksRules,
  dependsOnRows,
  newlyRequired,
  refuseLoss,
  refuseMisfits,
  refuseNulls,
  repeatedKey,
  settledBy,
  violationsOfAdding,
} from '../shared/settle-steps.ts';
import type { MemoryStore } from './memory-store.ts';
import { MemoryTable } from './memory-table.ts';

/** Datasets in memory; a changed one gives every row its new shape. */
export class MemoryDatasets implements DatasetStore {
  readonly #store: MemoryStore;
  readonly #compilePattern: CompilePattern;

  constructor(store: MemoryStore, compilePattern: CompilePattern) {
    this.#store = store;
    this.#compilePattern = compilePattern;
  }

  async list(): Promise<readonly Dataset[]> {
    return this.#store.tables.map((table) => table.dataset);
  }

  async plan(dataset: Dataset): Promise<EvolutionPlan> {
    const table = this.#tableOf(dataset);
    const plan = planEvolution(table?.dataset ?? null, dataset);
    return table === null ? plan : { ...plan, steps: this.#settled(table, plan.steps) };
  }

  async apply(plan: EvolutionPlan, { acceptLoss }: { readonly acceptLoss: boolean }): Promise<void> {
    refuseLoss(plan, acceptLoss);
    if (plan.steps.length === 0) return;
    const { dataset } = plan;
    const table = this.#tableOf(dataset);
    if (table === null) {
      this.#store.setTable(new MemoryTable(dataset));
      return;
    }
    refuseMisfits(plan.steps, this.#settled(table, plan.steps));
    const reshaped = table.reshaped(dataset, reshaper(table.dataset, dataset));
    const rows = reshaped.records(null).map((record) => record.row);
    for (const property of newlyRequired({ ...plan, stored: table.dataset })) {
      const index = indexOfProperty(dataset, property.name);
      refuseNulls(plan, property, rows.filter((row) => row[index] === null).length);
    }
    if (uniqueConstraints(dataset).some((constraint) => countRepeats(constraint, rows) > 0)) {
      throw repeatedKey(dataset.name);
    }
    this.#store.setTable(reshaped);
  }

  #settled(table: MemoryTable, steps: readonly PlannedStep[]): PlannedStep[] {
    return steps.map((step) => (dependsOnRows(step) ? settledBy(step, this.#violations(table, step)) : step));
  }

  /** How many rows are in the way of a step. */
  #violations(table: MemoryTable, { step }: PlannedStep): number {
    if (!('property' in step)) return 0;
    const { property } = step;
    if (step.kind === 'add-property') return violationsOfAdding(property, table.size);
    const index = indexOfProperty(table.dataset, property.name);
    const former = table.dataset.properties[index];
    if (former === undefined) return 0;
    const rows = table.records(null).map((record) => record.row);
    if (step.kind === 'add-unique') return countRepeats({ kind: 'unique', indexes: [index] }, rows);
    const isBroken = breaksRules(former, property, this.#compilePattern);
    return rows.filter((row) => isBroken(row[index] ?? null)).length;
  }

  #tableOf(dataset: Dataset): MemoryTable | null {
    return this.#store.tables.find((table) => table.dataset.name === dataset.name) ?? null;
  }
}

/** How many rows have values of a constraint that a row before them has. */
function countRepeats(constraint: UniqueConstraint, rows: readonly Row[]): number {
  const keys = rows.flatMap((row) => {
    const values = constraintValues(constraint, row);
    return values === null ? [] : [keyText(values)];
  });
  return keys.length - new Set(keys).size;
}

/** Gives a row of one dataset the shape of another; a value that has no counterpart becomes null. */
function reshaper(from: Dataset, to: Dataset): (row: Row) => Row {
  const sources = to.properties.map((property) => {
    const index = indexOfProperty(from, property.name);
    return { property, index, former: from.properties[index] };
  });
  return (row) =>
    sources.map(({ property, index, former }) =>
      former === undefined ? property.default : convertValue(former.dbType, property.dbType, row[index] ?? null),
    );
}
