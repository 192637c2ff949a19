import type { Pipeline } from '#domain/pipeline/pipeline.ts';
import type { PipelineRun } from '#domain/pipeline/run.ts';
import type { Call } from '../../call.ts';
import { requireRight } from '../../caller.ts';
import type { PipelineCatalog } from '../pipeline-catalog.ts';
import { type RecallPorts, recallRuns } from '../recall-runs.ts';

export interface PipelineStatus {
  readonly pipeline: Pipeline;
  /** null where it never ran. */
  readonly lastRun: PipelineRun | null;
}

interface PipelineStatusPorts extends RecallPorts {
  readonly pipelines: PipelineCatalog;
}

/** Every pipeline with its last run. */
export function listPipelines(ports: PipelineStatusPorts) {
  return async (_request: object, call: Call): Promise<readonly PipelineStatus[]> => {
    requireRight(call.caller, 'read');
    return Promise.all(ports.pipelines.list().map((pipeline) => statusOf(ports, pipeline)));
  };
}

export function getPipeline(ports: PipelineStatusPorts) {
  return async ({ name }: { readonly name: string }, call: Call): Promise<PipelineStatus> => {
    requireRight(call.caller, 'read');
    return statusOf(ports, ports.pipelines.get(name));
  };
}

async function statusOf(ports: PipelineStatusPorts, pipeline: Pipeline): Promise<PipelineStatus> {
  const [lastRun = null] = await recallRuns(ports, pipeline.name, 1);
  return { pipeline, lastRun };
}
