import { NO_MEASURES, type PipelineRun, type RunMeasures, rowsOf, starterOf } from '#domain/pipeline/run.ts';
import { NO_FIGURES, type RunFigures, type RunRecord, type RunSurroundings } from '#domain/run/run-record.ts';

/**
 * A run of a pipeline as the dataset of runs has it.
 * @param surroundings those of the server that keeps the rows; whoever carried the run out may be elsewhere
 */
export function recordOfRun(run: PipelineRun, surroundings: RunSurroundings): RunRecord {
  const { id, pipeline, dataset, caller, state, startedAt, endedAt, error, rolledBackAt } = run;
  // A run that an earlier version has kept has none.
  const measures: RunMeasures = { ...NO_MEASURES, ...run.measures };
  return {
    id,
    kind: dataset === null ? 'job' : 'pipeline',
    name: pipeline,
    dataset,
    caller,
    startedBy: starterOf(run),
    // What is kept of a run has been begun.
    state: state === 'waiting' ? 'running' : state,
    startedAt,
    endedAt,
    error,
    figures: figuresOf(run),
    stages: dataset === null ? {} : measures.stages,
    peakMemory: measures.peakMemory,
    processor: null,
    rolledBackAt,
    surroundings: {
      ...surroundings,
      instance: measures.instance ?? surroundings.instance,
      settings: { ...surroundings.settings, ...measures.settings },
    },
  };
}

/** A job has nothing to do with rows. */
function figuresOf({ dataset, counts }: PipelineRun): RunFigures {
  const { created, updated, ignored, deleted, rejected, bytes, batches, retries } = counts;
  if (dataset === null) return { ...NO_FIGURES, retries };
  return {
    rowsRead: rowsOf(counts),
    rowsWritten: created + updated,
    rowsRejected: rejected,
    created,
    updated,
    ignored,
    deleted,
    bytes,
    batches,
    retries,
  };
}
