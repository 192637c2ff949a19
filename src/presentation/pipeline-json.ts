import type { PipelineStatus } from '#application/pipelines/queries/list-pipelines.ts';
import type { Pipeline } from '#domain/pipeline/pipeline.ts';
import { type PipelineRun, rowsOf, starterOf } from '#domain/pipeline/run.ts';
import type { Schedule } from '#domain/schedule/schedule.ts';

/** A pipeline as every protocol shows it. */
export function pipelineJson({
  pipeline,
  lastRun,
  schedule,
  paused,
}: PipelineStatus): Readonly<Record<string, unknown>> {
  const { name, description } = pipeline;
  return {
    name,
    description,
    ...workJson(pipeline),
    paused,
    schedule: pipeline.schedule && schedule && scheduleJson(pipeline.schedule, schedule),
    last_run: lastRun && { ...runJson(lastRun), log: undefined },
  };
}

/** What it does; of a job its kind alone, of one that moves rows all but that. */
export function workJson(pipeline: Pipeline): Readonly<Record<string, string | null>> {
  if (pipeline.kind === 'job') {
    return { source: null, transform: null, dataset: null, mode: null, contract: null, job: pipeline.job.kind };
  }
  const { source, transform, target } = pipeline;
  const { dataset, mode, contract } = target;
  return { source: source.kind, transform: transform?.kind ?? null, dataset, mode, contract, job: null };
}

function scheduleJson(
  { trigger: { kind, ...trigger } }: Schedule,
  { nextAt, paused }: NonNullable<PipelineStatus['schedule']>,
): Readonly<Record<string, unknown>> {
  return { kind, ...trigger, paused, next_at: timeOf(nextAt) };
}

function timeOf(milliseconds: number | null): string | null {
  return milliseconds === null ? null : new Date(milliseconds).toISOString();
}

/** A run of a pipeline as every protocol shows it; times as in a record. */
export function runJson(run: PipelineRun): Readonly<Record<string, unknown>> {
  const { batches, created, updated, ignored, deleted, rejected, bytes, retries } = run.counts;
  return {
    id: run.id,
    pipeline: run.pipeline,
    dataset: run.dataset,
    state: run.state,
    caller: run.caller,
    started_by: starterOf(run),
    backfill: run.window ?? null,
    started_at: timeOf(run.startedAt),
    ended_at: timeOf(run.endedAt),
    progress: { part: run.part, rows: rowsOf(run.counts), bytes, batches },
    created,
    updated,
    ignored,
    deleted,
    rejected,
    retries,
    error: run.error,
    log: run.log.map(({ at, message }) => ({ at: timeOf(at), message })),
    rolled_back_at: timeOf(run.rolledBackAt),
  };
}
