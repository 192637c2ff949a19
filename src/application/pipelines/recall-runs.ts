import { DataForgeError } from '#domain/errors.ts';
import type { PipelineRun } from '#domain/pipeline/run.ts';
import type { BatchStore } from '../ports/batch-store.ts';
import type { RunHistory } from '../ports/run-history.ts';
import type { PipelineRuns } from './pipeline-runs.ts';

export interface RecallPorts {
  readonly runs: PipelineRuns;
  readonly history: RunHistory;
  readonly store: BatchStore;
}

/** Runs back from the last that may not have been settled. */
const MOST_UNSETTLED = 3;

/**
 * A run as it really stands: one that waits or goes on as its worker tells of it, and one that nobody will go on with as
 * `died`, with the counts of its last commit.
 */
async function asItStands({ runs, store }: RecallPorts, run: PipelineRun): Promise<PipelineRun> {
  if (run.state !== 'running') return run;
  const current = await runs.get(run.id);
  if (current !== null) return current;
  const state = await store.state(run.pipeline, run.window);
  return { ...run, state: 'died', counts: state?.run === run.id ? state.counts : run.counts };
}

/** The runs of a pipeline, the newest first. */
export async function recallRuns(ports: RecallPorts, pipeline: string, limit: number): Promise<readonly PipelineRun[]> {
  const kept = await ports.history.list(pipeline, limit);
  const runs = await Promise.all(kept.map((run) => asItStands(ports, run)));
  const waiting = [await ports.runs.find(pipeline), await ports.runs.findBackfill(pipeline)];
  const next = waiting.flatMap((run) => (run === null || runs.some(({ id }) => id === run.id) ? [] : run));
  return [...next, ...runs].slice(0, limit);
}

/** Keeps what is known of runs whose process ended before they did, before a new one writes over it. */
export async function settleDied(ports: RecallPorts, pipeline: string): Promise<void> {
  for (const run of await ports.history.list(pipeline, MOST_UNSETTLED)) await keepWhereDied(ports, run);
}

/**
 * Keeps what has become of a run, where nobody goes on with it.
 * @returns false where there is no such run
 */
export async function settleRun(ports: RecallPorts, id: string): Promise<boolean> {
  const run = await ports.history.get(id);
  if (run === null) return false;
  await keepWhereDied(ports, run);
  return true;
}

async function keepWhereDied(ports: RecallPorts, run: PipelineRun): Promise<void> {
  const now = await asItStands(ports, run);
  if (now.state === 'died' && run.state === 'running') await ports.history.put(now);
}

/** @throws DataForgeError `unknown_run` */
export async function recallRun(ports: RecallPorts, id: string): Promise<PipelineRun> {
  const run = await ports.history.get(id);
  if (run !== null) return asItStands(ports, run);
  const waiting = await ports.runs.get(id);
  if (waiting !== null) return waiting;
  const message = `There is no run "${id.slice(0, 100)}"; GET /api/v1/pipelines/{name}/runs lists those that are kept.`;
  throw new DataForgeError('unknown_run', message);
}
