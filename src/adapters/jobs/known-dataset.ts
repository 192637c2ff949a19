import { unknownDataset } from '#application/datasets/dataset-catalog.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import type { Fault } from '#domain/errors.ts';

/** A fault where there is no dataset of the name that `dataset` has. */
export function unknownDatasetFaults(name: string, datasets: readonly Dataset[]): readonly Fault[] {
  const names = datasets.map((dataset) => dataset.name);
  return names.includes(name) ? [] : [{ pointer: '/dataset', message: unknownDataset(name, names) }];
}
