import { DataForgeError } from '#domain/errors.ts';
import { RUN_KINDS, type RunKind } from '#domain/run/run-record.ts';
import { RUNS_DATASET, runCondition, runValues } from '#domain/run/runs-dataset.ts';
import { NEVER } from '../call.ts';
import type { Clock } from '../ports/clock.ts';
import type { RecordReader } from '../ports/record-reader.ts';
import type { RecordWriter } from '../ports/record-writer.ts';
import { isAlive } from './live-instances.ts';
import { RECORDS_ORIGIN } from './record-change.ts';

export interface SettleLeftRunsPorts {
  readonly reader: RecordReader;
  readonly writer: RecordWriter;
  readonly clock: Clock;
  /** The process that settles. */
  readonly instance: string;
  /** Whether others may have the store open too. */
  readonly isShared: boolean;
  /** Whether a process is known to have ended: one of this machine. */
  readonly hasEnded: (instance: string) => boolean;
  /**
   * Keeps what has become of a run of a pipeline, where nobody goes on with it.
   * @returns false where there is no such run
   */
  readonly settlePipelineRun: (id: string) => Promise<boolean>;
}

/** Runs that are looked at in one go. */
const MOST_SETTLED = 1000;

interface LeftRun {
  readonly id: string;
  readonly version: number;
  readonly run: string;
  readonly kind: RunKind;
  readonly instance: string;
}

/** Records as `died` what is recorded as running and whose process is gone. */
export async function settleLeftRuns(ports: SettleLeftRunsPorts): Promise<void> {
  for (const left of await readRunning(ports)) {
    if (left.kind === 'pipeline' || left.kind === 'job') {
      if (await ports.settlePipelineRun(left.run)) continue;
    } else if (await isUnderWay(ports, left.instance)) {
      continue;
    }
    await recordAsDied(ports, left);
  }
}

async function readRunning({ reader }: SettleLeftRunsPorts): Promise<readonly LeftRun[]> {
  const { records } = await reader.page(
    {
      dataset: RUNS_DATASET,
      filter: runCondition('state', 'eq', 'running'),
      sort: [],
      fields: null,
      size: MOST_SETTLED,
      start: { kind: 'offset', offset: 0 },
    },
    { at: null, signal: NEVER },
  );
  return records.map(({ id, version, json }) => {
    const { data } = JSON.parse(json) as { readonly data: Readonly<Record<string, string>> };
    const kind = RUN_KINDS.find((each) => each === data.kind) ?? 'load';
    return { id, version, run: data.run_id ?? '', kind, instance: data.instance ?? '' };
  });
}

async function isUnderWay(
  { instance, isShared, hasEnded, writer, clock }: SettleLeftRunsPorts,
  carriedOutBy: string,
): Promise<boolean> {
  if (carriedOutBy === instance) return true;
  return isShared && !hasEnded(carriedOutBy) && (await isAlive(carriedOutBy, writer, clock));
}

async function recordAsDied({ writer }: SettleLeftRunsPorts, { id, version }: LeftRun): Promise<void> {
  const values = runValues({ state: 'died' });
  const [outcome] = await writer.commit([
    {
      changes: [{ kind: 'patch', dataset: RUNS_DATASET, id, values, ifVersion: version }],
      marks: [],
      origin: RECORDS_ORIGIN,
    },
  ]);
  if (outcome === undefined || outcome.ok) return;
  // It has ended after all, or another instance was quicker.
  const { error } = outcome;
  if (!(error instanceof DataForgeError) || !['version_moved', 'unknown_record'].includes(error.code)) throw error;
}
