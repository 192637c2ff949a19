import type { PipelineRun } from '#domain/pipeline/run.ts';

/** The runs of pipelines that are remembered. */
export interface RunHistory {
  /** Keeps a run that has begun, or has come to its end, in the place of what was kept of it before. */
  put(run: PipelineRun): Promise<void>;
  get(id: string): Promise<PipelineRun | null>;
  /** The runs of a pipeline, the newest first. */
  list(pipeline: string, limit: number): Promise<readonly PipelineRun[]>;
}
