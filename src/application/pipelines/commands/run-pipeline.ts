import type { PipelineRun } from '#domain/pipeline/run.ts';
import type { Call } from '../../call.ts';
import { requireRight } from '../../caller.ts';
import type { DatasetCatalog } from '../../datasets/dataset-catalog.ts';
import type { BatchStore } from '../../ports/batch-store.ts';
import { openDataset } from '../../records/open-dataset.ts';
import type { PipelineCatalog } from '../pipeline-catalog.ts';
import type { PipelineRuns } from '../pipeline-runs.ts';

export interface RunPipelineRequest {
  readonly pipeline: string;
  /** Milliseconds to wait for its end. */
  readonly wait: number;
}

interface RunPipelinePorts {
  readonly catalog: DatasetCatalog;
  readonly pipelines: PipelineCatalog;
  readonly runs: PipelineRuns;
  readonly store: BatchStore;
}

/** Begins a run of a pipeline, which goes on from the last commit whatever became of the runs before. */
export function runPipeline({ catalog, pipelines, runs, store }: RunPipelinePorts) {
  return async ({ pipeline: name, wait }: RunPipelineRequest, call: Call): Promise<PipelineRun> => {
    requireRight(call.caller, 'write');
    const pipeline = pipelines.get(name);
    openDataset(catalog, pipeline.target.dataset, call, 'write');
    const state = await store.state(name);
    const run = await runs.start(pipeline, call.caller.name, state?.cursor ?? null);
    if (wait > 0) await runs.settled(name, wait, call.signal);
    return run;
  };
}
