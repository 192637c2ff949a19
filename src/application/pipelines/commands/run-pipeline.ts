import { DataForgeError } from '#domain/errors.ts';
import { takesEvents } from '#domain/pipeline/push.ts';
import type { PipelineRun } from '#domain/pipeline/run.ts';
import type { Call } from '../../call.ts';
import { requireRight } from '../../caller.ts';
import type { DatasetCatalog } from '../../datasets/dataset-catalog.ts';
import { openDataset } from '../../records/open-dataset.ts';
import type { PipelineCatalog } from '../pipeline-catalog.ts';
import { type RecallPorts, recallRun, settleDied } from '../recall-runs.ts';
import { requireRightToRun } from '../require-right-to-run.ts';

export interface RunPipelineRequest {
  readonly pipeline: string;
  /** Milliseconds to wait for its end. */
  readonly wait: number;
}

interface RunPipelinePorts extends RecallPorts {
  readonly catalog: DatasetCatalog;
  readonly pipelines: PipelineCatalog;
}

/** Begins a run of a pipeline, which goes on from the last commit whatever became of the runs before. */
export function runPipeline(ports: RunPipelinePorts) {
  const { catalog, pipelines, runs, store } = ports;
  return async ({ pipeline: name, wait }: RunPipelineRequest, call: Call): Promise<PipelineRun> => {
    requireRight(call.caller, 'write');
    const pipeline = pipelines.get(name);
    if (takesEvents(pipeline)) {
      const message = `Pipeline "${name}" takes events that are sent to it, and has nothing to fetch; send them to POST /api/v1/pipelines/${name}/events.`;
      throw new DataForgeError('invalid_parameter', message);
    }
    requireRightToRun(call.caller, { isJob: pipeline.kind === 'job' });
    if (pipeline.kind === 'rows') openDataset(catalog, pipeline.target.dataset, call, 'write');
    await settleDied(ports, name);
    const state = await store.state(name);
    const { caller, observation } = call;
    const run = await runs.start(pipeline, {
      caller: caller.name,
      startedBy: 'request',
      cursorBefore: state?.cursor ?? null,
      traceParent: observation.traceParent,
    });
    if (wait === 0) return run;
    await runs.settled(run.id, wait, call.signal);
    return recallRun(ports, run.id);
  };
}
