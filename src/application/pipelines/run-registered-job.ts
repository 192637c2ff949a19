import { DataForgeError } from '#domain/errors.ts';
import type { JobPipeline } from '#domain/pipeline/pipeline.ts';
import type { Clock } from '../ports/clock.ts';
import type { RegisteredJob, StoreUpkeep } from '../ports/registered-job.ts';
import { abortError } from '../time-limit.ts';
import { waitForNextAttempt } from './next-attempt.ts';
import type { CarriedRun } from './run-job.ts';
import type { RunProgress } from './run-progress.ts';

export interface RegisteredJobPorts {
  readonly jobs: readonly RegisteredJob[];
  /** The store in the name of a caller. */
  readonly storeFor: (caller: string, signal: AbortSignal) => StoreUpkeep;
  readonly clock: Clock;
  /** Where relative paths begin. */
  readonly folder: string;
}

/** Does the job of a pipeline, and again where it fails in a way that may pass. */
export async function runRegisteredJob(
  { jobs, storeFor, clock, folder }: RegisteredJobPorts,
  { pipeline, caller }: CarriedRun & { readonly pipeline: JobPipeline },
  progress: RunProgress,
  signal: AbortSignal,
): Promise<void> {
  const { name, job, retry } = pipeline;
  const registered = jobs.find(({ kind }) => kind === job.kind);
  if (registered === undefined) {
    throw new DataForgeError('invalid_pipeline_file', `Pipeline "${name}" has a job of an unknown kind, ${job.kind}.`);
  }
  const store = storeFor(caller, signal);
  const note = (message: string) => progress.log(message);
  for (let attempt = 1; ; attempt++) {
    try {
      await registered.run(job.options, { pipeline: name, store, clock, folder, signal, note });
      if (signal.aborted) throw abortError(signal);
      return;
    } catch (error) {
      if (signal.aborted) throw abortError(signal);
      if (!(error instanceof DataForgeError && error.retryable) || attempt >= retry.attempts) throw error;
      await waitForNextAttempt({ error, attempt, retry, clock, progress, signal });
    }
  }
}
