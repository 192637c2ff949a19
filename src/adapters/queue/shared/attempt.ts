import type { JobHandler } from '#application/ports/task-queue.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { Job, JobData, JobError } from '#domain/job/job.ts';

/** Why an attempt was stopped from outside. */
export type Stopped = 'cancelled' | 'given-back';

export type AttemptOutcome =
  | { readonly kind: 'done'; readonly result: JobData | null }
  | { readonly kind: 'failed'; readonly error: JobError; readonly mayPass: boolean }
  | { readonly kind: Stopped };

/** One attempt at a job, while it goes on. */
export class Attempt {
  readonly job: Job;
  readonly outcome: Promise<AttemptOutcome>;
  readonly #controller = new AbortController();
  #stopped: Stopped | null = null;

  /** @param tell takes what the handler says on its way */
  constructor(job: Job, handler: JobHandler, tell: { progress(data: JobData): void; log(line: string): void }) {
    this.job = job;
    this.outcome = this.#run(handler, tell);
  }

  /** Tells the handler to stop; the first reason counts. */
  stop(why: Stopped): void {
    if (this.#stopped !== null) return;
    this.#stopped = why;
    const givenBack = why === 'given-back';
    const said = givenBack ? 'The worker is stopping.' : 'The job was cancelled.';
    this.#controller.abort(new DataForgeError('cancelled', said, { details: { givenBack } }));
  }

  async #run(
    handler: JobHandler,
    tell: { progress(data: JobData): void; log(line: string): void },
  ): Promise<AttemptOutcome> {
    const { signal } = this.#controller;
    try {
      return { kind: 'done', result: await handler({ job: this.job, signal, ...tell }) };
    } catch (error) {
      if (this.#stopped !== null) return { kind: this.#stopped };
      return { kind: 'failed', ...explain(error) };
    }
  }
}

function explain(error: unknown): { readonly error: JobError; readonly mayPass: boolean } {
  if (error instanceof DataForgeError) {
    const { code, message, retryable } = error;
    return { error: { code, message }, mayPass: retryable };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { error: { code: 'internal', message }, mayPass: true };
}
