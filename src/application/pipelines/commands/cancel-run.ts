import type { PipelineRun } from '#domain/pipeline/run.ts';
import type { Call } from '../../call.ts';
import { requireRight } from '../../caller.ts';
import { type RecallPorts, recallRun } from '../recall-runs.ts';
import { requireRightToRun } from '../require-right-to-run.ts';

/** Ends a run that is under way; of one that has ended nothing changes. */
export function cancelRun(ports: RecallPorts) {
  return async ({ id }: { readonly id: string }, call: Call): Promise<PipelineRun> => {
    requireRight(call.caller, 'write');
    const { dataset } = await recallRun(ports, id);
    requireRightToRun(call.caller, { isJob: dataset === null });
    await ports.runs.cancel(id);
    return recallRun(ports, id);
  };
}
