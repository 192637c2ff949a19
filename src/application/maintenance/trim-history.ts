import { timestampOf } from '#domain/record/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { Maintenance } from '../ports/maintenance.ts';

const TRIM_EVERY = 3_600_000;

/** Forgets former versions older than so many milliseconds: now, and every hour; returns how to stop that. */
export function keepHistoryTrimmed(
  maintenance: Maintenance,
  clock: Clock,
  keptFor: number,
  onError: (error: unknown) => void,
): () => void {
  const trim = () => maintenance.trimHistory(timestampOf(clock.now() - keptFor)).catch(onError);
  const timer = setInterval(trim, TRIM_EVERY);
  timer.unref();
  void trim();
  return () => clearInterval(timer);
}
