import type { ErrorCode } from '../errors.ts';

/** What is recorded: a run of a pipeline, a load of many rows in one request, an analysis that was computed, a job of a pipeline. */
export const RUN_KINDS = ['pipeline', 'load', 'analysis', 'job'] as const;
export type RunKind = (typeof RUN_KINDS)[number];

/** `died`: its process ended before it did, and nobody goes on with it. */
export const RECORDED_STATES = ['running', 'succeeded', 'failed', 'cancelled', 'died'] as const;
type RecordedState = (typeof RECORDED_STATES)[number];

/** What begins a run of a pipeline: somebody who asks for it, its schedule, or events that are sent to it. */
export const RUN_STARTERS = ['request', 'schedule', 'push'] as const;
export type RunStarter = (typeof RUN_STARTERS)[number];

/** What a run has to do with rows; null where nobody has counted. */
export interface RunFigures {
  /** Rows that were given to it. */
  readonly rowsRead: number | null;
  /** Records made and changed, or rows of a result. */
  readonly rowsWritten: number | null;
  readonly rowsRejected: number | null;
  readonly created: number | null;
  readonly updated: number | null;
  /** Rows that were there already. */
  readonly ignored: number | null;
  readonly deleted: number | null;
  /** Bytes of the rows it was given, decompressed; of an analysis, of its result. */
  readonly bytes: number | null;
  readonly batches: number | null;
  readonly retries: number | null;
}

export const NO_FIGURES: RunFigures = {
  rowsRead: null,
  rowsWritten: null,
  rowsRejected: null,
  created: null,
  updated: null,
  ignored: null,
  deleted: null,
  bytes: null,
  batches: null,
  retries: null,
};

/** Where the time of a run goes, in milliseconds; a kind of run lacks the stages that it does not have. */
export interface RunStages {
  /** Waiting for a place. */
  readonly queue?: number;
  /** Waiting for rows: of the source, of the client that sends them, of the dataset that is analysed. */
  readonly source?: number;
  readonly transform?: number;
  /** Computing a result. */
  readonly compute?: number;
  /** Storing rows, without the time in which the store waited for them. */
  readonly write?: number;
}

/** Where and with what a run is carried out. */
export interface RunSurroundings {
  /** The storage engine. */
  readonly engine: string;
  readonly softwareVersion: string;
  /** The process that carries it out. */
  readonly instance: string;
  /** The settings that its speed hangs on; no secrets. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** One run as the dataset of runs has it. Times in milliseconds since 1970. */
export interface RunRecord {
  readonly id: string;
  readonly kind: RunKind;
  /** The pipeline, the operation of an analysis, the format of a load. */
  readonly name: string;
  /** null: a job of the whole store. */
  readonly dataset: string | null;
  readonly caller: string;
  /** What began a run of a pipeline; null for other runs, which are begun by who asks. */
  readonly startedBy: RunStarter | null;
  readonly state: RecordedState;
  readonly startedAt: number;
  /** null while it goes on, and where it died. */
  readonly endedAt: number | null;
  readonly error: { readonly code: ErrorCode; readonly message: string } | null;
  readonly figures: RunFigures;
  readonly stages: RunStages;
  /** The most memory that its whole process had while it went on, by samples, in bytes. */
  readonly peakMemory: number | null;
  /** What computed an analysis. */
  readonly processor: string | null;
  readonly rolledBackAt: number | null;
  readonly surroundings: RunSurroundings;
}
