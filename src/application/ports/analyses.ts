import type { Json } from '#domain/record/json.ts';

/** What is to be computed of a dataset, as `POST /api/v1/analysis` takes it. */
export interface AnalysisQuestion {
  readonly dataset: string;
  readonly operation: string;
  readonly parameters: Json;
  readonly filters: Json;
}

/** Where some datasets stand. */
export interface DatasetStanding {
  /** The number of the newest change of the store. */
  readonly head: number;
  /** Whether one of them has changed since the number that was asked about, as far as anybody knows. */
  readonly hasChanged: boolean;
}

export interface AnalysisCall {
  /** Who asks for it; a server elsewhere knows him by his token instead. */
  readonly caller: string;
  /** Cancels the analysis. */
  readonly signal: AbortSignal;
}

/** The analyses that the server computes which keeps the rows: this process, or one elsewhere. */
export interface Analyses {
  /** @param since null: they count as changed */
  standing(datasets: readonly string[], since: number | null, call: AnalysisCall): Promise<DatasetStanding>;
  /**
   * Computes, or takes what was computed of the same rows before; resolves when that is done.
   * @returns the rows as an Arrow IPC stream, to be read once
   * @throws DataForgeError as the use case `analyse`; `source_failed` or `unavailable`, retryable, where the result was lost on its way
   */
  compute(question: AnalysisQuestion, call: AnalysisCall): Promise<AsyncIterable<Uint8Array>>;
}
