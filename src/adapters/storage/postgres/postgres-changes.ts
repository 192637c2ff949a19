import type { ChangeLog, ChangesPage, ChangesRequest } from '#application/ports/change-log.ts';
import { readChanges } from './postgres-read-changes.ts';
import type { PostgresStore } from './postgres-store.ts';

/** The changes feed on PostgreSQL, of the commits of every instance. */
export class PostgresChangeLog implements ChangeLog {
  readonly #store: PostgresStore;

  constructor(store: PostgresStore) {
    this.#store = store;
  }

  head(): number {
    return this.#store.heads.head;
  }

  subscribe(onCommit: (head: number, datasets: ReadonlySet<string>) => void): () => void {
    return this.#store.heads.subscribe(onCommit);
  }

  async read({ signal, ...request }: ChangesRequest): Promise<ChangesPage> {
    const { page, head } = await this.#store.reads.use(signal, (connection) => readChanges(connection, request));
    this.#store.heads.see(head);
    return page;
  }
}
