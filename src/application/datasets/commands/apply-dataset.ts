import type { EvolutionPlan } from '#domain/dataset/evolution.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { Call } from '../../call.ts';
import { requireRight } from '../../caller.ts';
import type { DatasetSource } from '../../ports/dataset-source.ts';
import type { DatasetStore } from '../../ports/dataset-store.ts';
import type { Maintenance } from '../../ports/maintenance.ts';
import type { DatasetCatalog } from '../dataset-catalog.ts';
import { findDescribed } from './plan-dataset.ts';

export interface ApplyDatasetRequest {
  readonly name: string;
  /** Values may go or change. */
  readonly acceptLoss: boolean;
}

export interface ApplyDatasetResult {
  readonly plan: EvolutionPlan;
  /** Where the store as it was before has been copied to; null where there was nothing to change. */
  readonly backup: string | null;
}

interface ApplyDatasetPorts {
  readonly source: DatasetSource;
  readonly store: DatasetStore;
  readonly maintenance: Maintenance;
  readonly catalog: DatasetCatalog;
  /** A new place for a copy of the store. */
  readonly backupPath: (label: string) => Promise<string>;
}

/**
 * Makes the store fit the file of one dataset, also where that is more than a safe change. A backup comes first, so
 * that it can be undone.
 * @throws DataForgeError `incompatible_schema` where values would go and `acceptLoss` is false; nothing is touched
 */
export function applyDataset({ source, store, maintenance, catalog, backupPath }: ApplyDatasetPorts) {
  return async ({ name, acceptLoss }: ApplyDatasetRequest, call: Call): Promise<ApplyDatasetResult> => {
    requireRight(call.caller, 'admin');
    call.observation.dataset = name;
    const dataset = await findDescribed(source, name);
    const plan = await store.plan(dataset);
    if (plan.steps.length === 0) return { plan, backup: null };
    if (!acceptLoss) refuseLoss(plan);
    const backup = plan.stored === null ? null : await backupPath(name);
    if (backup !== null) await maintenance.backup(backup);
    await store.apply(plan, { acceptLoss });
    catalog.replace([...catalog.list().filter((served) => served.name !== name), dataset]);
    return { plan, backup };
  };
}

function refuseLoss(plan: EvolutionPlan): void {
  const losing = plan.steps.filter((step) => step.loses);
  if (losing.length === 0) return;
  throw new DataForgeError(
    'incompatible_schema',
    `Values would go or change: ${losing.map((step) => step.reason).join(' ')} Accept the loss to carry it out all the same.`,
    { faults: losing.map((step) => ({ pointer: `/${plan.dataset.name}`, message: step.reason })) },
  );
}
