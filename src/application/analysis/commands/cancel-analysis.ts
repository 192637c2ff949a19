import { DataForgeError } from '#domain/errors.ts';
import type { Call } from '../../call.ts';
import { requireRight } from '../../caller.ts';
import type { AnalysisRun } from '../analysis-run.ts';
import type { AnalysisRuns } from '../analysis-runs.ts';

/** Ends an analysis, or forgets the result of one that has ended; for who asked for it, and for admins. */
export function cancelAnalysis(runs: AnalysisRuns) {
  return async ({ id }: { readonly id: string }, call: Call): Promise<AnalysisRun> => {
    requireRight(call.caller, 'read');
    const run = runs.get(id);
    if (run.caller !== call.caller.name && call.caller.right !== 'admin') {
      throw new DataForgeError('forbidden', `This analysis is of "${run.caller}"; only they and admins can cancel it.`);
    }
    call.observation.dataset = run.dataset;
    return runs.cancel(id);
  };
}
