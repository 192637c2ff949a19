import type { Call } from '../../call.ts';
import { requireRight } from '../../caller.ts';
import type { Limits } from '../../limits.ts';
import { readCount } from '../../records/read-query.ts';
import type { AnalysisRun } from '../analysis-run.ts';
import type { AnalysisRuns } from '../analysis-runs.ts';

export interface GetAnalysisRequest {
  readonly id: string;
  /** Milliseconds to wait for its end. */
  readonly wait: number | null;
}

/** How an analysis stands. */
export function getAnalysis(runs: AnalysisRuns, limits: Limits) {
  return async ({ id, wait }: GetAnalysisRequest, call: Call): Promise<AnalysisRun> => {
    requireRight(call.caller, 'read');
    const milliseconds = readCount(wait, { name: 'wait_ms', least: 0, most: limits.maxWait, default: 0 });
    const run = runs.get(id);
    call.observation.dataset = run.dataset;
    if (milliseconds > 0) await runs.settled(id, milliseconds, call.signal);
    return run;
  };
}

/** The analyses under way and those whose results are kept, the newest first. */
export function listAnalyses(runs: AnalysisRuns) {
  return async (_request: Record<never, never>, call: Call): Promise<readonly AnalysisRun[]> => {
    requireRight(call.caller, 'read');
    return runs.list().toReversed();
  };
}
