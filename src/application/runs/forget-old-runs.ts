import { timestampOf } from '#domain/record/time.ts';
import { RUNS_DATASET, runCondition } from '#domain/run/runs-dataset.ts';
import type { Clock } from '../ports/clock.ts';
import type { Maintenance } from '../ports/maintenance.ts';
import type { RecordWriter } from '../ports/record-writer.ts';
import { INSTANCE_MARK } from './live-instances.ts';
import { RECORDS_ORIGIN } from './record-change.ts';

export interface ForgetOldRunsPorts {
  readonly writer: RecordWriter;
  readonly maintenance: Maintenance;
  readonly clock: Clock;
  /** Milliseconds that the record of a run is kept; null for ever. */
  readonly keptFor: number | null;
}

/** How far back the changes feed of the dataset reaches. */
const HISTORY_KEPT_FOR = 86_400_000;

/** Deletes the records of runs that began too long ago, and forgets what they, and those that stand, once were. */
export async function forgetOldRuns({ writer, maintenance, clock, keptFor }: ForgetOldRunsPorts): Promise<void> {
  const dayAgo = timestampOf(clock.now() - HISTORY_KEPT_FOR);
  if (keptFor !== null) {
    const isOld = runCondition('started_at', 'lt', timestampOf(clock.now() - keptFor));
    const filter = { kind: 'and', items: [isOld, runCondition('state', 'ne', 'running')] } as const;
    const [outcome] = await writer.commit([
      { changes: [{ kind: 'delete-matching', dataset: RUNS_DATASET, filter }], marks: [], origin: RECORDS_ORIGIN },
    ]);
    if (outcome?.ok === false) throw outcome.error;
  }
  await writer.forgetMarks(INSTANCE_MARK, dayAgo);
  await maintenance.trimHistory(dayAgo, RUNS_DATASET.name);
}
