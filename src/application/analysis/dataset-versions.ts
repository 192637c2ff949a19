import type { ChangeLog } from '../ports/change-log.ts';

/**
 * The last sequence number that touched each dataset, so that what was computed of it is known to hold still. Before a
 * dataset is touched for the first time that is the head the store was opened at.
 */
export class DatasetVersions {
  readonly #opened: number;
  readonly #touched = new Map<string, number>();
  readonly #unsubscribe: () => void;

  constructor(changes: ChangeLog) {
    this.#opened = changes.head();
    this.#unsubscribe = changes.subscribe((head, datasets) => {
      for (const dataset of datasets) this.#touched.set(dataset, head);
    });
  }

  of(dataset: string): number {
    return this.#touched.get(dataset) ?? this.#opened;
  }

  close(): void {
    this.#unsubscribe();
  }
}
