import { DataForgeError } from '#domain/errors.ts';
import { compileFilter } from '#domain/query/evaluate.ts';
import type { Json } from '#domain/record/json.ts';
import type { Call } from '../../call.ts';
import type { DatasetCatalog } from '../../datasets/dataset-catalog.ts';
import type { Limits } from '../../limits.ts';
import type { ChangeTail } from '../change-tail.ts';
import { type FollowedPage, followPages } from '../follow-pages.ts';
import { openDataset } from '../open-dataset.ts';
import { readCount, readFilter } from '../read-query.ts';
import type { StreamPlaces } from './stream-records.ts';

export interface FollowChangesRequest {
  readonly schema: string;
  /** Changes behind this number; null for those from now on. */
  readonly since: number | null;
  /** Only rows that match, and those that cease to; null or absent for all. JSON that is yet to be read. */
  readonly filters?: Json;
  /** Milliseconds of silence after which an empty page is given, so that the consumer can show that it lives. */
  readonly heartbeat: number;
}

export interface FollowChangesResult {
  readonly schema: string;
  /** The number it begins behind. */
  readonly since: number;
  /**
   * Every change of every record that the filter meets before or after it, in order, once; never ends by itself, but when
   * the server is told to stop.
   */
  readonly pages: AsyncIterable<FollowedPage>;
}

interface FollowChangesPorts {
  readonly catalog: DatasetCatalog;
  readonly tail: ChangeTail;
  readonly places: StreamPlaces;
  readonly limits: Limits;
  /** Fires when the server is told to stop. */
  readonly stopping: AbortSignal;
}

/**
 * Follows a dataset. Nothing is kept for a consumer that is slow: it is told what comes next when it asks, from the log,
 * so it misses nothing and holds nobody up.
 */
export function followChanges({ catalog, tail, places, limits, stopping }: FollowChangesPorts) {
  return async (request: FollowChangesRequest, call: Call): Promise<FollowChangesResult> => {
    const { dataset } = openDataset(catalog, request.schema, call, 'read');
    places.checkFree();
    const head = tail.head();
    const since = readCount(request.since, { name: 'since', least: 0, most: Number.MAX_SAFE_INTEGER, default: head });
    if (since > head) {
      throw new DataForgeError(
        'invalid_parameter',
        `since is ${since}, and the newest change is ${head}; take the number of the last change that was seen.`,
        { faults: [{ pointer: '/since', message: 'lies in the future' }] },
      );
    }
    const filter = readFilter(dataset, request.filters ?? null, limits, call.observation);
    const matches = filter === null ? null : compileFilter(filter);
    const pages = followPages({ tail, dataset, matches, since, heartbeat: request.heartbeat, call, stopping });
    return { schema: dataset.name, since, pages: places.hold(pages) };
  };
}
