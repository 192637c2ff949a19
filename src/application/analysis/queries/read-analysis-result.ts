import { DataForgeError } from '#domain/errors.ts';
import type { Call } from '../../call.ts';
import { requireRight } from '../../caller.ts';
import type { SqlFormat } from '../../ports/sql-runner.ts';
import type { TableRenderer } from '../../ports/table-renderer.ts';
import type { AnalysisResult, AnalysisRun } from '../analysis-run.ts';
import type { AnalysisRuns } from '../analysis-runs.ts';

export interface AnalysisResultRequest {
  readonly id: string;
}

export interface FinishedAnalysis {
  readonly run: AnalysisRun;
  readonly result: AnalysisResult;
}

/** The kept result of an analysis as columns. */
export function readAnalysisResult(runs: AnalysisRuns) {
  return async ({ id }: AnalysisResultRequest, call: Call): Promise<FinishedAnalysis> => finished(runs, id, call);
}

/** The same as bytes of a wire format. */
export function streamAnalysisResult(runs: AnalysisRuns, renderer: TableRenderer) {
  return async ({ id, format }: AnalysisResultRequest & { readonly format: SqlFormat }, call: Call) => {
    const { run, result } = finished(runs, id, call);
    return { run, bytes: renderResult(renderer, result, format, call.signal) };
  };
}

export function renderResult(
  renderer: TableRenderer,
  { columns, batches }: AnalysisResult,
  format: SqlFormat,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  return renderer.render(columns, each(batches), format, signal);
}

/** @throws DataForgeError `unknown_analysis`, what it failed with, or `unavailable` where it is under way */
function finished(runs: AnalysisRuns, id: string, call: Call): FinishedAnalysis {
  requireRight(call.caller, 'read');
  const run = runs.get(id);
  call.observation.dataset = run.dataset;
  call.observation.processor = run.processor;
  if (run.error !== null) throw run.error;
  if (run.result === null) {
    throw new DataForgeError('unavailable', 'The analysis is still under way; ask for its result when it is done.', {
      retryable: true,
    });
  }
  call.observation.rows = run.result.rows;
  return { run, result: run.result };
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
