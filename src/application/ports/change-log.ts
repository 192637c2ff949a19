import type { Dataset } from '#domain/dataset/dataset.ts';
import type { RenderedChange } from '#domain/record/record.ts';

export interface ChangesRequest {
  readonly dataset: Dataset;
  /** Changes with a number above this one. */
  readonly since: number;
  readonly limit: number;
  /** Only the newest change of each record. */
  readonly latest: boolean;
  /** Whether each change brings the record before and after it; not together with `latest`. */
  readonly images?: boolean;
  readonly signal: AbortSignal;
}

export interface ChangesPage {
  readonly changes: readonly RenderedChange[];
  /** The number to ask from next: that of the last change here, or the store's head where all was read. */
  readonly next: number;
  readonly hasMore: boolean;
}

/** What happened, in the order it became visible. */
export interface ChangeLog {
  /** @throws DataForgeError `history_trimmed` where `since` lies before what is kept */
  read(request: ChangesRequest): Promise<ChangesPage>;
  /** The highest sequence number that is visible. */
  head(): number;
  /** Calls back after each commit with the new head and the datasets it touched; returns how to stop that. */
  subscribe(onCommit: (head: number, datasets: ReadonlySet<string>) => void): () => void;
}
