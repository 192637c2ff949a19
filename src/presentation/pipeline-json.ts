import type { PipelineStatus } from '#application/pipelines/queries/list-pipelines.ts';
import { type PipelineRun, rowsOf } from '#domain/pipeline/run.ts';
import type { Schedule } from '#domain/schedule/schedule.ts';

/** A pipeline as every protocol shows it. */
export function pipelineJson({ pipeline, lastRun }: PipelineStatus): Readonly<Record<string, unknown>> {
  const { name, description, source, transform, target, schedule } = pipeline;
  return {
    name,
    description,
    source: source.kind,
    transform: transform?.kind ?? null,
    dataset: target.dataset,
    mode: target.mode,
    contract: target.contract,
    schedule: schedule && scheduleJson(schedule),
    last_run: lastRun && { ...runJson(lastRun), log: undefined },
  };
}

function scheduleJson({ trigger, paused }: Schedule): Readonly<Record<string, unknown>> {
  const { kind, ...trigger_ } = trigger;
  return { kind, ...trigger_, paused };
}

/** A run of a pipeline as every protocol shows it; times as in a record. */
export function runJson(run: PipelineRun): Readonly<Record<string, unknown>> {
  const time = (milliseconds: number | null) => (milliseconds === null ? null : new Date(milliseconds).toISOString());
  const { batches, created, updated, ignored, deleted, rejected, bytes, retries } = run.counts;
  return {
    id: run.id,
    pipeline: run.pipeline,
    dataset: run.dataset,
    state: run.state,
    caller: run.caller,
    started_at: time(run.startedAt),
    ended_at: time(run.endedAt),
    progress: { part: run.part, rows: rowsOf(run.counts), bytes, batches },
    created,
    updated,
    ignored,
    deleted,
    rejected,
    retries,
    error: run.error,
    log: run.log.map(({ at, message }) => ({ at: time(at), message })),
    rolled_back_at: time(run.rolledBackAt),
  };
}
