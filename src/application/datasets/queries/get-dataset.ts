import type { Dataset } from '#domain/dataset/dataset.ts';
import type { Call } from '../../call.ts';
import { requireRight } from '../../caller.ts';
import type { DatasetCatalog } from '../dataset-catalog.ts';

export interface GetDatasetRequest {
  readonly name: string;
}

/** One of the datasets that are served. */
export function getDataset(catalog: DatasetCatalog) {
  return async ({ name }: GetDatasetRequest, call: Call): Promise<Dataset> => {
    requireRight(call.caller, 'read');
    const { dataset } = catalog.get(name);
    call.observation.dataset = dataset.name;
    return dataset;
  };
}
