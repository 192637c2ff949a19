import type { Pipeline } from '#domain/pipeline/pipeline.ts';
import type { SourceOpening } from '../ports/source.ts';

/** What the speed of a run hangs on, of what its pipeline says and of how large batches are; no secrets. */
export function runSettings(pipeline: Pipeline, batch: SourceOpening['batch']): Readonly<Record<string, unknown>> {
  const { retry, timeout } = pipeline;
  const patience = { retry_attempts: retry.attempts, timeout_ms: timeout };
  if (pipeline.kind === 'job') return { job: pipeline.job.kind, ...patience };
  const { source, transform, target } = pipeline;
  return {
    source: source.kind,
    transform: transform?.kind ?? null,
    mode: target.mode,
    contract: target.contract,
    ...patience,
    pipeline_batch: batch.bytes,
    pipeline_batch_ms: batch.time,
  };
}
