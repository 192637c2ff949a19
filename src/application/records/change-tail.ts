import type { Dataset } from '#domain/dataset/dataset.ts';
import { NEVER } from '../call.ts';
import type { AdmissionGate } from '../ports/admission-gate.ts';
import type { ChangeLog, ChangesPage } from '../ports/change-log.ts';
import { withTimeLimit } from '../time-limit.ts';

export interface ChangeTailOptions {
  readonly changes: ChangeLog;
  readonly gate: AdmissionGate;
  /** Most changes of one page. */
  readonly limit: number;
  /** Milliseconds that reading a page may take. */
  readonly timeout: number;
}

/**
 * The end of the changes feed for those who follow it. Followers that stand at the same number share one read of what
 * comes next, and one wake-up a commit wakes all: a thousand of them cost the engine as much as one.
 */
export class ChangeTail {
  readonly #options: ChangeTailOptions;
  /** For each dataset the pages read at its present head, by the number they begin behind. */
  readonly #pages = new Map<string, { readonly head: number; readonly from: Map<string, Promise<ChangesPage>> }>();

  constructor(options: ChangeTailOptions) {
    this.#options = options;
  }

  /** The highest number that is visible. */
  head(): number {
    return this.#options.changes.head();
  }

  /** Changes behind a number, with the records on either side where asked; empty where nothing came since. */
  read(dataset: Dataset, since: number, images = false): Promise<ChangesPage> {
    const { changes, gate, limit, timeout } = this.#options;
    const pages = this.#at(dataset.name, changes.head());
    const key = `${since} ${images}`;
    const known = pages.get(key);
    if (known !== undefined) return known;
    const page = withTimeLimit(NEVER, timeout, (signal) =>
      gate.run(signal, () => changes.read({ dataset, since, limit, latest: false, images, signal })),
    );
    pages.set(key, page);
    page.catch(() => pages.delete(key));
    return page;
  }

  /**
   * Calls back at each commit that touches the dataset.
   * @returns how to stop that
   */
  onCommit(dataset: Dataset, wake: () => void): () => void {
    return this.#options.changes.subscribe((_head, datasets) => {
      if (datasets.has(dataset.name)) wake();
    });
  }

  /** What was read at an older head is of no use any more. */
  #at(name: string, head: number): Map<string, Promise<ChangesPage>> {
    const known = this.#pages.get(name);
    if (known?.head === head && known.from.size < MOST_PAGES) return known.from;
    const from = new Map<string, Promise<ChangesPage>>();
    this.#pages.set(name, { head, from });
    return from;
  }
}

/** Pages that are kept: followers far behind read each their own. */
const MOST_PAGES = 4;
