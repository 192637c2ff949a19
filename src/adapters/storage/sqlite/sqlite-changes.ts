import type { ChangeLog, ChangesPage, ChangesRequest } from '#application/ports/change-log.ts';
import { refuseTrimmed } from '#application/records/history-floor.ts';
import type { SqliteStore } from './sqlite-store.ts';

/** The changes feed on SQLite. */
export class SqliteChangeLog implements ChangeLog {
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

  async read({ signal, ...request }: ChangesRequest): Promise<ChangesPage> {
    refuseTrimmed(request.dataset, request.since, this.#store.trimmedTo.get(request.dataset.name) ?? 0);
    return this.#store.readers.call('changes', { ...request, head: this.head() }, { signal });
  }
}
