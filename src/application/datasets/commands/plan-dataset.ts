import type { Dataset } from '#domain/dataset/dataset.ts';
import type { EvolutionPlan } from '#domain/dataset/evolution.ts';
import { DataForgeError } from '#domain/errors.ts';
import { didYouMean } from '#domain/text/suggest.ts';
import type { Call } from '../../call.ts';
import { requireRight } from '../../caller.ts';
import type { DatasetSource } from '../../ports/dataset-source.ts';
import type { DatasetStore } from '../../ports/dataset-store.ts';

export interface PlanDatasetRequest {
  readonly name: string;
}

/** What it would take to make the store fit the file of one dataset as it is now; changes nothing. */
export function planDataset(source: DatasetSource, store: DatasetStore) {
  return async ({ name }: PlanDatasetRequest, call: Call): Promise<EvolutionPlan> => {
    requireRight(call.caller, 'admin');
    call.observation.dataset = name;
    return store.plan(await findDescribed(source, name));
  };
}

/** The dataset as its file says it. */
export async function findDescribed(source: DatasetSource, name: string): Promise<Dataset> {
  const datasets = await source.read();
  const dataset = datasets.find((candidate) => candidate.name === name);
  if (dataset) return dataset;
  const names = datasets.map((candidate) => candidate.name);
  throw new DataForgeError('unknown_dataset', `No dataset file describes "${name}"${didYouMean(name, names)}.`);
}
