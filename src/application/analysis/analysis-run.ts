import type { OperationName } from '#domain/analysis/analysis.ts';
import type { DataForgeError } from '#domain/errors.ts';
import type { ColumnSchema, RecordBatch } from '#domain/record/batch.ts';

type AnalysisState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled';

/** What came of an analysis, held for whoever asks for it. */
export interface AnalysisResult {
  readonly columns: readonly ColumnSchema[];
  readonly batches: readonly RecordBatch[];
  readonly rows: number;
  readonly bytes: number;
}

/** What an analysis is about, known from its beginning. */
export interface AnalysisSubject {
  readonly caller: string;
  readonly dataset: string;
  readonly operation: OperationName;
  /** What the operation was told. */
  readonly parameters: object;
  /** The processor that computes it. */
  readonly processor: string;
  /** Why that is not the one that was chosen; null where it is. */
  readonly lack: string | null;
  /** Two analyses with the same key have the same result. */
  readonly key: string;
}

/** One line of what an analysis tells while it works; the time is in milliseconds since 1970. */
export interface AnalysisLogLine {
  readonly at: number;
  readonly message: string;
}

/** One analysis, from when it was asked for until it is forgotten. Times are in milliseconds since 1970. */
export interface AnalysisRun extends AnalysisSubject {
  readonly id: string;
  readonly state: AnalysisState;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** Rows that were copied to the processor; 0 where it works where they lie. */
  readonly rowsRead: number;
  readonly rowsOut: number;
  /** Which part of the step under way is done, from 0 to 1; null where that is not known. */
  readonly part: number | null;
  readonly log: readonly AnalysisLogLine[];
  /** Null until it is done. */
  readonly result: AnalysisResult | null;
  /** Why it failed. */
  readonly error: DataForgeError | null;
}
