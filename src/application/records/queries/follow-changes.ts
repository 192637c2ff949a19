import type { Dataset } from '#domain/dataset/dataset.ts';
import { DataForgeError } from '#domain/errors.ts';
import { type Condition, compileFilter } from '#domain/query/evaluate.ts';
import type { Json } from '#domain/record/json.ts';
import type { Call } from '../../call.ts';
import type { DatasetCatalog } from '../../datasets/dataset-catalog.ts';
import type { Limits } from '../../limits.ts';
import { abortError } from '../../time-limit.ts';
import type { ChangeTail } from '../change-tail.ts';
import { type FollowedChange, tellChange } from '../follow-filter.ts';
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

export interface FollowedPage {
  readonly changes: readonly FollowedChange[];
  /** All changes up to this number were told or passed over. */
  readonly next: number;
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
    const pages = follow(tail, dataset, matches, since, request.heartbeat, call, stopping);
    return { schema: dataset.name, since, pages: places.hold(pages) };
  };
}

async function* follow(
  tail: ChangeTail,
  dataset: Dataset,
  matches: Condition | null,
  start: number,
  heartbeat: number,
  call: Call,
  stopping: AbortSignal,
): AsyncGenerator<FollowedPage> {
  const bell = new Bell();
  const stop = tail.onCommit(dataset, () => bell.ring());
  const wake = () => bell.ring();
  const signals = [call.signal, stopping];
  for (const signal of signals) signal.addEventListener('abort', wake, { once: true });
  let since = start;
  let quietFrom = performance.now();
  try {
    while (!stopping.aborted) {
      if (call.signal.aborted) throw abortError(call.signal);
      const page = await call.observation.timeAsync('engine', () => tail.read(dataset, since, matches !== null));
      const told = page.changes.flatMap((change) => tellChange(change, matches));
      since = page.next;
      const silence = performance.now() - quietFrom;
      if (told.length === 0 && page.changes.length === 0 && !page.hasMore) await bell.rings(heartbeat - silence);
      if (told.length === 0 && performance.now() - quietFrom < heartbeat) continue;
      call.observation.rows += told.length;
      yield { changes: told, next: since };
      quietFrom = performance.now();
    }
  } finally {
    stop();
    for (const signal of signals) signal.removeEventListener('abort', wake);
  }
}

/** Remembers that it was rung until somebody listens, so that nothing is missed between reading and waiting. */
class Bell {
  #rung = false;
  #listener: (() => void) | null = null;

  ring(): void {
    this.#rung = true;
    this.#listener?.();
  }

  /** @returns whether it was rung within so many milliseconds, or before */
  async rings(milliseconds: number): Promise<boolean> {
    if (!this.#rung) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.max(0, milliseconds));
        this.#listener = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#listener = null;
    }
    const rung = this.#rung;
    this.#rung = false;
    return rung;
  }
}
