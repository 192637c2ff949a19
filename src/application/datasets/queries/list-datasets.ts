import type { Dataset } from '#domain/dataset/dataset.ts';
import type { Call } from '../../call.ts';
import { requireRight } from '../../caller.ts';
import type { DatasetCatalog } from '../dataset-catalog.ts';

/** The datasets that are served, by name. */
export function listDatasets(catalog: DatasetCatalog) {
  return async (_request: Record<never, never>, call: Call): Promise<readonly Dataset[]> => {
    requireRight(call.caller, 'read');
    return catalog.list();
  };
}
