import type { BackfillWindow } from '#domain/pipeline/backfill.ts';
import type { Cursor } from '#domain/pipeline/cursor.ts';
import type { RowPipeline } from '#domain/pipeline/pipeline.ts';
import type { PipelineState } from '#domain/pipeline/pipeline-state.ts';
import type { SourceRows } from './source.ts';

export interface StoreBatchRequest {
  readonly pipeline: RowPipeline;
  readonly run: string;
  /** Counts from 1 in each run. */
  readonly number: number;
  /** null: only the cursor moves. */
  readonly rows: SourceRows | null;
  /** The cursor that is true once the rows are stored; asked for when they have been read to their end. */
  readonly cursor: () => Cursor | null;
  /** Of a backfill, whose progress is its own. */
  readonly window?: BackfillWindow | null;
  readonly caller: string;
  /** What the trace of the run goes on by in the store, as W3C has it; null or absent where nobody traces. */
  readonly traceParent?: string | null;
  /** As it was given to `take`. */
  readonly holder: string;
  readonly signal: AbortSignal;
}

export interface StoredBatch {
  /** How far the pipeline has come with it. */
  readonly state: PipelineState;
  /** The batch had been stored before, and was not stored again. */
  readonly repeated: boolean;
}

/** Where the rows of pipelines go: the store of this process, or that of a server elsewhere. */
export interface BatchStore {
  /** How far a pipeline has come, or a backfill of one; null where nothing was stored yet. */
  state(pipeline: string, window?: BackfillWindow | null): Promise<PipelineState | null>;
  /**
   * Makes somebody the only one whose batches of the pipeline are stored from here on.
   * @returns how far it has come
   */
  take(pipeline: RowPipeline, holder: string, caller: string, window?: BackfillWindow | null): Promise<PipelineState>;
  /**
   * Stores the rows of a batch, the cursor behind them and what the run has done so far as one durable commit.
   * @throws DataForgeError as `BulkLoader.load`, `version_moved` where somebody else has taken the pipeline,
   * `pipeline_busy` where rows of a backfill were read before ordinary runs went on; nothing is stored then
   */
  store(request: StoreBatchRequest): Promise<StoredBatch>;
}
