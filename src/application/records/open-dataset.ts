import type { Call } from '../call.ts';
import { type Right, requireRight } from '../caller.ts';
import type { DatasetCatalog, ServedDataset } from '../datasets/dataset-catalog.ts';

/**
 * The door to a dataset: sees to the caller's right and notes which dataset the call is about. A policy on rows will
 * stand here, as a filter that every query gets.
 * @throws DataForgeError `forbidden`, `unknown_dataset`
 */
export function openDataset(catalog: DatasetCatalog, name: string, call: Call, right: Right): ServedDataset {
  requireRight(call.caller, right);
  const served = right === 'read' ? catalog.get(name) : catalog.getWritable(name);
  call.observation.dataset = served.dataset.name;
  return served;
}
