import { setTimeout as sleep } from 'node:timers/promises';
import { DataForgeError } from '#domain/errors.ts';
import { waitBefore } from '#domain/job/backoff.ts';
import type { RetryOptions } from '#domain/pipeline/policies.ts';
import type { Clock } from '../ports/clock.ts';
import type { RunProgress } from './run-progress.ts';

interface FailedAttempt {
  readonly error: unknown;
  /** Counts from 1. */
  readonly attempt: number;
  readonly retry: RetryOptions;
  readonly clock: Clock;
  readonly progress: RunProgress;
  /** Ends the wait. */
  readonly signal: AbortSignal;
}

/** Says why an attempt has failed and when the next one is, and waits until then; no sooner than what failed has named. */
export async function waitForNextAttempt(failed: FailedAttempt): Promise<void> {
  const { error, attempt, retry, clock, progress, signal } = failed;
  const backoff = { first: retry.wait, most: retry.most };
  const wait = Math.max(retryAfter(error, clock), waitBefore(backoff, attempt + 1, Math.random()));
  const message = error instanceof Error ? error.message : String(error);
  progress.log(`${message} Going on in ${(wait / 1000).toFixed(1)} s, attempt ${attempt + 1} of ${retry.attempts}`);
  progress.retried();
  await progress.times.time('source', () => sleep(wait, undefined, { signal }).catch(() => {}));
}

/** Milliseconds until the time that a source has named. */
function retryAfter(error: unknown, clock: Clock): number {
  const at = error instanceof DataForgeError ? error.details.retryAt : undefined;
  return typeof at === 'number' ? Math.max(0, at - clock.now()) : 0;
}
