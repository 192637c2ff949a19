import type { ChangeLog, ChangesPage, ChangesRequest } from '#application/ports/change-log.ts';
import type { RunLog, RunWorkRequest } from '#application/ports/run-log.ts';
import type { RunWork } from '#domain/record/run-work.ts';
import { readChanges } from './postgres-read-changes.ts';
import { readRunWork } from './postgres-run-work.ts';
import type { PostgresStore } from './postgres-store.ts';

/** The changes feed on PostgreSQL, of the commits of every instance. */
export class PostgresChangeLog implements ChangeLog, RunLog {
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

  readRun({ signal, ...request }: RunWorkRequest): Promise<RunWork> {
    return this.#store.reads.use(signal, (connection) => readRunWork(connection, request));
  }

  async read({ signal, ...request }: ChangesRequest): Promise<ChangesPage> {
    const { page, head } = await this.#store.reads.use(signal, (connection) => readChanges(connection, request));
    this.#store.heads.see(head);
    return page;
  }
}
