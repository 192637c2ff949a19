import type { DatasetCatalog } from '#application/datasets/dataset-catalog.ts';
import { Observation } from '#application/observe.ts';
import type { Maintenance } from '#application/ports/maintenance.ts';
import type { StoreUpkeep } from '#application/ports/registered-job.ts';
import type { UseCases } from '#application/use-cases.ts';
import { timestampOf } from '#domain/record/time.ts';

interface StoreUpkeepOptions {
  /** Called when a job begins, by when all is built. */
  readonly useCases: () => UseCases;
  readonly maintenance: Maintenance;
  readonly catalog: DatasetCatalog;
}

/** What jobs do with the store: use cases where there is one, so that they are observed like those of clients. */
export function storeUpkeep({ useCases, maintenance, catalog }: StoreUpkeepOptions) {
  return (caller: string, signal: AbortSignal): StoreUpkeep => {
    const call = () => ({ caller: { name: caller, right: 'admin' } as const, signal, observation: new Observation() });
    return {
      backup: async (to) => void (await useCases().backupStore({ to }, call())),
      trimHistory: (before, name) =>
        maintenance.trimHistory(timestampOf(before), name === null ? undefined : catalog.get(name).dataset.name),
      compact: () => maintenance.compact(),
      health: () => useCases().checkHealth({}, call()),
      async export({ dataset: schema, format, filters }) {
        const request = { schema, filters, sort: null, fields: null, limit: null, format };
        return (await useCases().streamRecords(request, call())).bytes;
      },
    };
  };
}
