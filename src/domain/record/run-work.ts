import type { StoredRecord } from './record.ts';

/** What a run has done to a dataset and what still stands of it, so that it can be undone. */
export interface RunWork {
  /** Ids of records that others have changed or deleted since; at most as many as were asked for. */
  readonly overtaken: readonly string[];
  /** Records that the run made, changed or deleted last of all; at most as many as were asked for. */
  readonly touched: readonly TouchedRecord[];
}

export interface TouchedRecord {
  readonly id: string;
  /** The version that stands; null where the run has deleted it. */
  readonly version: number | null;
  /** The record as it stood before the run; null where the run made it. */
  readonly before: StoredRecord | null;
}

/** The run that undoes another; what it does is no later work. */
export function undoingRun(run: string): string {
  return `undo ${run}`;
}

/** Puts together what an engine has found: what stands of a run, those records before it, and what it deleted. */
export function touchedRecords(
  standing: readonly { readonly id: string; readonly version: number }[],
  before: readonly StoredRecord[],
  gone: readonly StoredRecord[],
  limit: number,
): readonly TouchedRecord[] {
  const former = new Map(before.map((record) => [record.id, record]));
  const touched: TouchedRecord[] = standing.map(({ id, version }) => ({ id, version, before: former.get(id) ?? null }));
  for (const record of gone) touched.push({ id: record.id, version: null, before: record });
  return touched.slice(0, limit);
}
