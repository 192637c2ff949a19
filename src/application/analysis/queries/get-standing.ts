import type { Dataset } from '#domain/dataset/dataset.ts';
import { DataForgeError } from '#domain/errors.ts';
import { type Call, NEVER } from '../../call.ts';
import type { DatasetCatalog } from '../../datasets/dataset-catalog.ts';
import type { DatasetStanding } from '../../ports/analyses.ts';
import type { ChangeLog } from '../../ports/change-log.ts';
import { openDataset } from '../../records/open-dataset.ts';

export interface StandingRequest {
  readonly datasets: readonly string[];
  /** null: they count as changed. */
  readonly since: number | null;
}

/** Whether datasets have changed since a number of the store, so that what was computed of them holds still. */
export function getStanding({ catalog, changes }: { readonly catalog: DatasetCatalog; readonly changes: ChangeLog }) {
  return async ({ datasets, since }: StandingRequest, call: Call): Promise<DatasetStanding> => {
    const opened = datasets.map((name) => openDataset(catalog, name, call, 'read').dataset);
    const head = changes.head();
    const found = await Promise.all(
      opened.map((dataset) => since === null || hasChangedSince(changes, dataset, since, call.signal)),
    );
    return { head, hasChanged: found.includes(true) };
  };
}

/** Whether a dataset has changed since a number of the store; so it counts where nobody knows any more. */
export async function hasChangedSince(
  changes: ChangeLog,
  dataset: Dataset,
  since: number,
  signal: AbortSignal = NEVER,
): Promise<boolean> {
  const head = changes.head();
  // A store that was put back to what it was knows nothing of later numbers.
  if (head <= since) return head < since;
  try {
    const page = await changes.read({ dataset, since, limit: 1, latest: false, signal });
    return page.changes.length > 0;
  } catch (error) {
    if (error instanceof DataForgeError && error.code === 'history_trimmed') return true;
    throw error;
  }
}
