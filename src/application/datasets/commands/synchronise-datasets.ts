import type { Dataset } from '#domain/dataset/dataset.ts';
import type { EvolutionPlan, PlannedStep } from '#domain/dataset/evolution.ts';
import { DataForgeError, type Fault } from '#domain/errors.ts';
import type { Call } from '../../call.ts';
import { requireRight } from '../../caller.ts';
import type { DatasetSource } from '../../ports/dataset-source.ts';
import type { DatasetStore } from '../../ports/dataset-store.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import type { DatasetCatalog } from '../dataset-catalog.ts';

export interface SynchroniseRequest {
  /**
   * `serve-stored`: a dataset whose file asks for too much is served as it is stored, so that it can be looked at.
   * `change-nothing`: so is every dataset whose file asks for anything at all.
   */
  readonly whenIncompatible: 'refuse' | 'serve-stored' | 'change-nothing';
}

export interface SynchroniseResult {
  /** Datasets that have a file. */
  readonly served: readonly string[];
  /** What was done to the store for them, one sentence a step. */
  readonly applied: readonly string[];
  /** Datasets in the store that no file describes any more: kept, not served. */
  readonly withoutFile: readonly string[];
}

interface SynchronisePorts {
  readonly source: DatasetSource;
  readonly store: DatasetStore;
  readonly catalog: DatasetCatalog;
  readonly telemetry: Telemetry;
}

/**
 * Brings the store to what the dataset files say, and serves them. Every file is planned before anything is applied:
 * where one asks for more than a safe change, all such differences are told at once and nothing is touched.
 */
export function synchroniseDatasets({ source, store, catalog, telemetry }: SynchronisePorts) {
  return async ({ whenIncompatible }: SynchroniseRequest, call: Call): Promise<SynchroniseResult> => {
    requireRight(call.caller, 'admin');
    const datasets = await source.read();
    const plans: EvolutionPlan[] = [];
    for (const dataset of datasets) plans.push(await store.plan(dataset));
    if (whenIncompatible === 'refuse') refuseUnsafe(plans);
    const applied: string[] = [];
    const isLeft = (plan: EvolutionPlan) => whenIncompatible === 'change-nothing' || refusedSteps(plan).length > 0;
    for (const plan of plans) {
      if (plan.steps.length === 0 || isLeft(plan)) continue;
      await store.apply(plan, { acceptLoss: false });
      if (plan.dataset.system) continue;
      applied.push(...plan.steps.map((step) => `${plan.dataset.name}: ${step.reason}`));
    }
    for (const reason of applied) telemetry.note(reason);
    const withoutFile = await findWithoutFile(store, datasets);
    for (const name of withoutFile) {
      telemetry.warn(`Dataset "${name}" is in the store and has no file any more; its rows are kept, and not served.`, {
        dataset: name,
      });
    }
    catalog.replace(plans.map((plan) => (isLeft(plan) ? (plan.stored ?? plan.dataset) : plan.dataset)));
    const served = datasets.filter(({ system }) => !system).map(({ name }) => name);
    return { served, applied, withoutFile };
  };
}

function refuseUnsafe(plans: readonly EvolutionPlan[]): void {
  const faults: Fault[] = plans.flatMap((plan) =>
    refusedSteps(plan).map((step) => ({ pointer: `/${plan.dataset.name}`, message: step.reason })),
  );
  if (faults.length === 0) return;
  const names = plans.filter((plan) => refusedSteps(plan).length > 0).map((plan) => plan.dataset.name);
  const commands = names.map((name) => `"forge schema plan ${name}"`).join(', ');
  throw new DataForgeError(
    'incompatible_schema',
    `${names.map((name) => `"${name}"`).join(', ')}: the file asks for more than a safe change, and nothing was touched. ` +
      `${faults.map((fault) => fault.message).join(' ')} See ${commands}; "forge schema apply" carries it out.`,
    { faults, details: { datasets: names } },
  );
}

function refusedSteps(plan: EvolutionPlan): readonly PlannedStep[] {
  return plan.steps.filter((step) => step.safety === 'refused');
}

async function findWithoutFile(store: DatasetStore, datasets: readonly Dataset[]): Promise<string[]> {
  const described = new Set(datasets.map((dataset) => dataset.name));
  return (await store.list()).map((dataset) => dataset.name).filter((name) => !described.has(name));
}
