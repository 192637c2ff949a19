import type { ChangeLog, ChangesPage, ChangesRequest } from '#application/ports/change-log.ts';
import type { RunLog, RunWorkRequest } from '#application/ports/run-log.ts';
import { refuseTrimmed } from '#application/records/history-floor.ts';
import type { RunWork } from '#domain/record/run-work.ts';
import type { SqliteStore } from './sqlite-store.ts';

/** The changes feed on SQLite. */
export class SqliteChangeLog implements ChangeLog, RunLog {
  readonly #store: SqliteStore;

  constructor(store: SqliteStore) {
    this.#store = store;
  }

  head(): number {
    return this.#store.head;
  }

  subscribe(onCommit: (head: number, datasets: ReadonlySet<string>) => void): () => void {
    return this.#store.subscribe(onCommit);
  }

  readRun({ signal, ...request }: RunWorkRequest): Promise<RunWork> {
    return this.#store.readers.call('runWork', request, { signal });
  }

  async read({ signal, ...request }: ChangesRequest): Promise<ChangesPage> {
    refuseTrimmed(request.dataset, request.since, this.#store.trimmedTo.get(request.dataset.name) ?? 0);
    return this.#store.readers.call('changes', { ...request, head: this.head() }, { signal });
  }
}
