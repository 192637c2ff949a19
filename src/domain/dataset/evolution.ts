import { compareRules, convertValue } from './compare-rules.ts';
import { compareTypes } from './compare-types.ts';
import type { Dataset, Property } from './dataset.ts';
import { type DbType, formatDbType, sameDbType } from './db-type.ts';

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
type StepSafety = 'safe' | 'check' | 'refused';

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

/** Every difference between what is stored and what a file says, in the order in which a store can take them. */
export function planEvolution(stored: Dataset | null, dataset: Dataset): EvolutionPlan {
  if (stored === null) {
    const reason = `The dataset "${dataset.name}" is new; its table is made.`;
    return { dataset, stored, steps: [{ step: { kind: 'create-dataset' }, safety: 'safe', loses: false, reason }] };
  }
  const before = new Map(stored.properties.map((property) => [property.name, property]));
  const after = new Set(dataset.properties.map(({ name }) => name));
  const dropped = stored.properties.filter(({ name }) => !after.has(name));
  const added = dataset.properties.filter(({ name }) => !before.has(name));
  const steps = [
    ...tableSteps(stored, dataset),
    ...dropped.map(dropStep),
    ...added.map(addStep),
    ...dataset.properties.flatMap((property) => {
      const old = before.get(property.name);
      return old === undefined ? [] : propertySteps(old, property);
    }),
    ...keySteps(stored, dataset),
    ...plainSteps(stored, dataset),
  ];
  return { dataset, stored, steps };
}

/** The steps that a plan may not take by itself. */
export function refusedSteps(plan: EvolutionPlan): readonly PlannedStep[] {
  return plan.steps.filter(({ safety }) => safety === 'refused');
}

function safe(step: EvolutionStep, reason: string): PlannedStep {
  return { step, safety: 'safe', loses: false, reason };
}

function check(step: EvolutionStep, reason: string): PlannedStep {
  return { step, safety: 'check', loses: false, reason };
}

function refused(step: EvolutionStep, loses: boolean, reason: string): PlannedStep {
  return { step, safety: 'refused', loses, reason };
}

function tableSteps(stored: Dataset, dataset: Dataset): PlannedStep[] {
  const { tableName: from } = stored;
  const { tableName: to } = dataset;
  if (from === to) return [];
  const step: EvolutionStep = { kind: 'rename-table', from, to };
  return [refused(step, false, `The table "${from}" is to be called "${to}"; SQL that names it would no longer work.`)];
}

function dropStep(property: Property): PlannedStep {
  const reason = `The property "${property.name}" is no longer in the file; its values would be lost.`;
  return refused({ kind: 'drop-property', property }, true, reason);
}

function addStep(property: Property): PlannedStep {
  const step: EvolutionStep = { kind: 'add-property', property };
  const { name } = property;
  if (property.default === null) {
    if (!property.required) return safe(step, `The property "${name}" is new; existing rows have null there.`);
    return check(
      step,
      `The property "${name}" is new, required and has no default; it fits only while there are no rows.`,
    );
  }
  if (!property.unique) return safe(step, `The property "${name}" is new; existing rows get its default.`);
  return check(
    step,
    `The property "${name}" is new, unique and has a default; it fits only while there is one row at most.`,
  );
}

function propertySteps(before: Property, after: Property): PlannedStep[] {
  const { name } = after;
  const steps = typeSteps(before, after);
  const { tightened, relaxed } = compareRules(before, after);
  if (tightened.length > 0) {
    const all = [...tightened, ...relaxed].join(', ');
    steps.push(check({ kind: 'tighten-rules', property: after }, `The rules of "${name}" are stricter: ${all}.`));
  } else if (relaxed.length > 0) {
    const reason = `The rules of "${name}" are looser: ${relaxed.join(', ')}.`;
    steps.push(safe({ kind: 'relax-rules', property: after }, reason));
  }
  if (convertValue(before.dbType, after.dbType, before.default) !== after.default) {
    const reason = `The default of "${name}" differs; it holds for rows to come.`;
    steps.push(safe({ kind: 'change-default', property: after }, reason));
  }
  if (before.unique !== after.unique) {
    steps.push(
      after.unique
        ? check({ kind: 'add-unique', property: after }, `The property "${name}" is to be unique.`)
        : safe({ kind: 'drop-unique', property: after }, `The property "${name}" is no longer unique.`),
    );
  }
  if (before.index !== after.index) {
    steps.push(
      after.index
        ? safe({ kind: 'add-index', property: after }, `The property "${name}" gets an index.`)
        : safe({ kind: 'drop-index', property: after }, `The property "${name}" has no index any more.`),
    );
  }
  return steps;
}

function typeSteps(before: Property, after: Property): PlannedStep[] {
  const { name, dbType: to } = after;
  const { dbType: from } = before;
  const step: EvolutionStep = { kind: 'change-type', property: after, from, to };
  if (sameDbType(from, to)) {
    if (before.type === after.type) return [];
    return [refused(step, false, `The property "${name}" is to hold ${after.type}s; it holds ${before.type}s.`)];
  }
  const change = compareTypes(from, to);
  const difference = `The type of "${name}" is ${formatDbType(to)} instead of ${formatDbType(from)}`;
  if (change === 'wider') return [safe(step, `${difference}, which is wider; every value stays.`)];
  if (change === 'rewritten')
    return [refused(step, false, `${difference}; every value would be written in another way.`)];
  return [refused(step, true, `${difference}; values that do not fit would be lost.`)];
}

function keySteps(stored: Dataset, dataset: Dataset): PlannedStep[] {
  const { primaryKey: from } = stored;
  const { primaryKey: to } = dataset;
  if (from.length === to.length && from.every((name, at) => name === to[at])) return [];
  const step: EvolutionStep = { kind: 'change-key', from, to };
  return [
    refused(
      step,
      false,
      `The natural key is ${keyText(to)} instead of ${keyText(from)}; records would be told apart in another way.`,
    ),
  ];
}

function keyText(key: readonly string[]): string {
  return key.length === 0 ? 'none' : `(${key.join(', ')})`;
}

function plainSteps(stored: Dataset, dataset: Dataset): PlannedStep[] {
  const steps: PlannedStep[] = [];
  if (!keepsOrder(stored, dataset)) {
    steps.push(safe({ kind: 'reorder-properties' }, 'The properties stand in another order; answers follow it.'));
  }
  if (stored.idIndex !== dataset.idIndex) {
    steps.push(safe({ kind: 'change-id-index' }, `id_index is ${dataset.idIndex} instead of ${stored.idIndex}.`));
  }
  const before = new Map(stored.properties.map(({ name, description }) => [name, description]));
  const described =
    stored.description !== dataset.description ||
    stored.additionalProperties !== dataset.additionalProperties ||
    dataset.properties.some(({ name, description }) => before.has(name) && before.get(name) !== description);
  if (described) {
    steps.push(
      safe({ kind: 'change-description' }, 'A description or additional_properties differs; no row is touched.'),
    );
  }
  return steps;
}

/** Whether the file has the stored properties in their order, and new ones behind them. */
function keepsOrder(stored: Dataset, dataset: Dataset): boolean {
  const names = new Set(dataset.properties.map(({ name }) => name));
  const kept = stored.properties.filter(({ name }) => names.has(name));
  return kept.every(({ name }, at) => dataset.properties[at]?.name === name);
}
