import type { Pipeline } from '#domain/pipeline/pipeline.ts';
import { takesEvents } from '#domain/pipeline/push.ts';
import type { PipelineRun } from '#domain/pipeline/run.ts';
import type { Call } from '../../call.ts';
import { requireRight } from '../../caller.ts';
import type { Scheduler } from '../../scheduling/scheduler.ts';
import type { PipelineCatalog } from '../pipeline-catalog.ts';
import { type RecallPorts, recallRuns } from '../recall-runs.ts';
import { scheduleName } from '../scheduled-pipelines.ts';

export interface PipelineStatus {
  readonly pipeline: Pipeline;
  /** null where it never ran. */
  readonly lastRun: PipelineRun | null;
  /** null where it has no schedule. */
  readonly schedule: { readonly nextAt: number | null; readonly paused: boolean } | null;
  /** Whether it waits until it is resumed; null where there is nothing to hold: it runs only when somebody asks for it. */
  readonly paused: boolean | null;
}

interface PipelineStatusPorts extends RecallPorts {
  readonly pipelines: PipelineCatalog;
  readonly scheduler: Scheduler;
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
  const { name, schedule } = pipeline;
  const [lastRun = null] = await recallRuns(ports, name, 1);
  const next = schedule && (await ports.scheduler.next({ name: scheduleName(name), schedule }));
  const paused = takesEvents(pipeline) ? await ports.scheduler.isHeld(scheduleName(name)) : (next?.paused ?? null);
  return { pipeline, lastRun, schedule: next && { nextAt: next.at, paused: next.paused }, paused };
}
