import type { DatasetStore } from '#application/ports/dataset-store.ts';
import { constraintValues, keyText, type UniqueConstraint, uniqueConstraints } from '#domain/dataset/constraints.ts';
import { type Dataset, indexOfProperty } from '#domain/dataset/dataset.ts';
import { type EvolutionPlan, type PlannedStep, planEvolution } from '#domain/dataset/evolution.ts';
import { DataForgeError } from '#domain/errors.ts';
import { parseJson } from '#domain/record/json.ts';
import type { CompilePattern } from '#domain/record/pattern.ts';
import { compileRowValidator } from '#domain/record/validate-row.ts';
import type { Row } from '#domain/record/value.ts';
import { Invalid, readTextValue } from '#domain/record/value-rules.ts';
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
    if (table === null) return plan;
    return { ...plan, steps: plan.steps.map((step) => this.#settle(table, dataset, step)) };
  }

  async apply({ dataset }: EvolutionPlan, options: { readonly acceptLoss: boolean }): Promise<void> {
    const table = this.#tableOf(dataset);
    if (table === null) {
      this.#store.setTable(new MemoryTable(dataset));
      return;
    }
    const { steps } = await this.plan(dataset);
    const losing = steps.find((step) => step.loses);
    if (losing !== undefined && !options.acceptLoss) throw incompatible(losing.reason);
    const reshaped = table.reshaped(dataset, reshaper(table.dataset, dataset));
    const misfit = this.#misfit(
      reshaped.records(null).map((record) => record.row),
      dataset,
    );
    if (misfit !== null) throw incompatible(`Rows of "${dataset.name}" do not fit: ${misfit}`);
    this.#store.setTable(reshaped);
  }

  /** Turns a step that depends on the rows into one that is safe or refused. */
  #settle(table: MemoryTable, dataset: Dataset, step: PlannedStep): PlannedStep {
    if (step.safety !== 'check') return step;
    const convert = reshaper(table.dataset, dataset);
    const misfit = this.#misfit(
      table.records(null).map((record) => convert(record.row)),
      dataset,
    );
    if (misfit === null) return { ...step, safety: 'safe' };
    return { ...step, safety: 'refused', reason: `${step.reason} Rows do not fit: ${misfit}` };
  }

  /** What is wrong with the first row that a dataset would not take. */
  #misfit(rows: readonly Row[], dataset: Dataset): string | null {
    const validator = compileRowValidator(dataset, this.#compilePattern);
    for (const row of rows) {
      const [fault] = validator.check(row, '');
      if (fault !== undefined) return fault.message;
    }
    const repeated = uniqueConstraints(dataset).find((constraint) => hasRepeats(constraint, rows));
    const names = repeated?.indexes.map((index) => dataset.properties[index]?.name).join(', ');
    return repeated === undefined ? null : `several rows have the same ${names}.`;
  }

  #tableOf(dataset: Dataset): MemoryTable | null {
    return this.#store.tables.find((table) => table.dataset.name === dataset.name) ?? null;
  }
}

function hasRepeats(constraint: UniqueConstraint, rows: readonly Row[]): boolean {
  const keys = rows.flatMap((row) => {
    const values = constraintValues(constraint, row);
    return values === null ? [] : [keyText(values)];
  });
  return new Set(keys).size < keys.length;
}

/** Gives a row of one dataset the shape of another; a value that has no counterpart becomes null. */
function reshaper(from: Dataset, to: Dataset): (row: Row) => Row {
  const sources = to.properties.map((property) => ({ property, index: indexOfProperty(from, property.name) }));
  return (row) =>
    sources.map(({ property, index }) => {
      if (index < 0) return property.default;
      const value = row[index] ?? null;
      if (value === null) return null;
      const converted = readTextValue(property.dbType, String(value), parseJson);
      return converted instanceof Invalid ? null : converted;
    });
}

function incompatible(message: string): DataForgeError {
  return new DataForgeError('incompatible_schema', message);
}
