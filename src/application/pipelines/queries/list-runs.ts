import type { PipelineRun } from '#domain/pipeline/run.ts';
import type { Call } from '../../call.ts';
import { requireRight } from '../../caller.ts';
import type { PipelineCatalog } from '../pipeline-catalog.ts';
import { type RecallPorts, recallRun, recallRuns } from '../recall-runs.ts';

const DEFAULT_RUNS = 20;
const MOST_RUNS = 100;

export interface ListRunsRequest {
  readonly pipeline: string;
  readonly limit: number | null;
}

/** The last runs of a pipeline, the newest first. */
export function listRuns(ports: RecallPorts & { readonly pipelines: PipelineCatalog }) {
  return async ({ pipeline, limit }: ListRunsRequest, call: Call): Promise<readonly PipelineRun[]> => {
    requireRight(call.caller, 'read');
    const { name } = ports.pipelines.get(pipeline);
    return recallRuns(ports, name, Math.min(limit ?? DEFAULT_RUNS, MOST_RUNS));
  };
}

export interface GetRunRequest {
  readonly id: string;
  /** Milliseconds to wait for its end; null for none. */
  readonly wait: number | null;
}

/** One run as it stands, or once it has ended. */
export function getRun(ports: RecallPorts) {
  return async ({ id, wait }: GetRunRequest, call: Call): Promise<PipelineRun> => {
    requireRight(call.caller, 'read');
    const run = await recallRun(ports, id);
    if (run.endedAt !== null || run.state === 'died' || wait === null || wait === 0) return run;
    await ports.runs.settled(id, wait, call.signal);
    return recallRun(ports, id);
  };
}
