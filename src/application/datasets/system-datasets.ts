import { RUNS_DATASET } from '#domain/run/runs-dataset.ts';
import type { DatasetSource } from '../ports/dataset-source.ts';

/** What a source describes, and beside it the datasets that the platform keeps itself. */
export function withSystemDatasets(source: DatasetSource): DatasetSource {
  return { read: async () => [...(await source.read()), RUNS_DATASET] };
}
