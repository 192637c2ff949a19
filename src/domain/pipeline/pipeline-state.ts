import type { Cursor } from './cursor.ts';
import type { RunCounts } from './run.ts';

/** A row that did not fit its dataset, on its way to the dataset for such rows. */
export interface SetAsideRow {
  /** The line of its batch. */
  readonly line: number;
  readonly reason: string;
  readonly format: 'ndjson' | 'csv';
  /** The line as it came; of CSV the header and the record. */
  readonly row: string;
}

/**
 * How far a pipeline has come. It is written in the very commit of the rows it speaks of, so that it is never ahead of
 * them nor behind.
 */
export interface PipelineState {
  /** Who may store the next batch: whoever took the pipeline last. A worker that was taken for dead and goes on finds itself replaced. */
  readonly holder: string;
  /** The run that made the last commit, and the number of its batch in that run; null and 0 before the first. */
  readonly run: string | null;
  readonly batch: number;
  /** What the source goes on from; null: from the beginning. */
  readonly cursor: Cursor | null;
  /** Of a backfill: where the ordinary runs stood when its rows were begun to be read, as a text. */
  readonly beside?: string;
  /** The kind of source that made the cursor. */
  readonly source: string;
  /** Of that run. */
  readonly counts: RunCounts;
  /** Rows of that batch that are not in the dataset for them yet. */
  readonly setAside: readonly SetAsideRow[];
}
