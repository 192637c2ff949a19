import type { Change, Origin } from '#domain/record/change.ts';
import type { RunRecord } from '#domain/run/run-record.ts';
import { RUNS_DATASET, rowOfRun } from '#domain/run/runs-dataset.ts';

/** Who keeps the records of runs. */
export const RECORDS_ORIGIN: Origin = { caller: 'system', run: null };

/** Makes the record of a run, or puts it in the place of what was recorded of the run before. */
export function recordChange(run: RunRecord): Change {
  return { kind: 'create', dataset: RUNS_DATASET, row: rowOfRun(run), id: null, onConflict: 'update' };
}
