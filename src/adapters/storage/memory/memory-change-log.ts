import type { ChangeLog, ChangesPage, ChangesRequest } from '#application/ports/change-log.ts';
import type { RunLog, RunWorkRequest } from '#application/ports/run-log.ts';
import { refuseTrimmed } from '#application/records/history-floor.ts';
import type { RunWork } from '#domain/record/run-work.ts';
import type { ChangeFacts } from '#formats/json/render-change.ts';
import { changeRenderer } from '#formats/json/render-change.ts';
import { throwIfAborted } from '../shared/abort.ts';
import { readRunWork } from './memory-run-work.ts';
import type { MemoryStore } from './memory-store.ts';

/** The changes feed in memory. */
export class MemoryChangeLog implements ChangeLog, RunLog {
  readonly #store: MemoryStore;

  constructor(store: MemoryStore) {
    this.#store = store;
  }

  async read({ dataset, since, limit, latest, images, signal }: ChangesRequest): Promise<ChangesPage> {
    throwIfAborted(signal);
    const table = this.#store.table(dataset);
    refuseTrimmed(dataset, since, table.trimmedTo);
    const render = changeRenderer(table.dataset);
    const found: ChangeFacts[] = [];
    let hasMore = false;
    for (let at = firstBehind(table.log, since); at < table.log.length && !hasMore; at++) {
      const change = table.log[at];
      if (change === undefined || (latest && !table.isNewest(change))) continue;
      if (found.length < limit) found.push(change);
      else hasMore = true;
    }
    return {
      changes: found.map((change) => ({
        ...pick(change),
        json: render(change),
        ...(images && { images: table.imagesOf(change) }),
      })),
      next: hasMore ? (found.at(-1)?.seq ?? since) : Math.max(since, this.#store.head),
      hasMore,
    };
  }

  async readRun({ dataset, run, limit, signal }: RunWorkRequest): Promise<RunWork> {
    throwIfAborted(signal);
    return readRunWork(this.#store, this.#store.table(dataset), { run, limit });
  }

  head(): number {
    return this.#store.head;
  }

  subscribe(onCommit: (head: number, datasets: ReadonlySet<string>) => void): () => void {
    return this.#store.subscribe(onCommit);
  }
}

function pick({ seq, operation, id }: ChangeFacts) {
  return { seq, operation, id };
}

/** The position of the first change with a number above `since`. */
function firstBehind(log: readonly ChangeFacts[], since: number): number {
  let low = 0;
  let high = log.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((log[middle]?.seq ?? 0) > since) high = middle;
    else low = middle + 1;
  }
  return low;
}
