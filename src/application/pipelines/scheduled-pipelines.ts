import { DataForgeError } from '#domain/errors.ts';
import type { Pipeline, RowPipeline } from '#domain/pipeline/pipeline.ts';
import type { Schedule } from '#domain/schedule/schedule.ts';
import { hasChangedSince } from '../analysis/queries/get-standing.ts';
import type { DatasetCatalog } from '../datasets/dataset-catalog.ts';
import type { ChangeLog } from '../ports/change-log.ts';
import type { Clock } from '../ports/clock.ts';
import type { Source } from '../ports/source.ts';
import type { Scheduled } from '../scheduling/scheduler.ts';
import { requireRows } from './pipeline-catalog.ts';
import { type RecallPorts, recallRuns, settleDied } from './recall-runs.ts';

interface ScheduledPorts extends RecallPorts {
  readonly catalog: DatasetCatalog;
  readonly changes: ChangeLog;
  readonly sources: readonly Source[];
  readonly clock: Clock;
  /** Where relative paths of sources begin. */
  readonly folder: string;
}

/** Whom the history names as the one who asked. */
const CALLER = 'schedule';
/** How often files are looked for: systems do not tell of those on other machines, nor of a folder that is not there yet. */
const FILES_LOOKED_FOR = 1000;
/** Runs back among which the last that succeeded is looked for. */
const MOST_RUNS = 20;

/** A pipeline that has a schedule, as the scheduler sees it. */
export function scheduledPipeline(ports: ScheduledPorts, pipeline: Pipeline, schedule: Schedule): Scheduled {
  const { trigger } = schedule;
  const begin = { name: scheduleName(pipeline.name), schedule, start: () => start(ports, pipeline) };
  switch (trigger.kind) {
    case 'after':
      return { ...begin, lastEvent: (since) => lastSuccess(ports, trigger.pipeline, since) };
    case 'change':
      return { ...begin, lastEvent: (since) => lastChange(ports, trigger.dataset, since) };
    case 'files':
      return {
        ...begin,
        first: 0,
        lookEvery: FILES_LOOKED_FOR,
        lastEvent: (since) => lastFile(ports, requireRows(pipeline), trigger.settle, since),
      };
    default:
      return begin;
  }
}

/** What the schedule of a pipeline is called among all schedules. */
export function scheduleName(pipeline: string): string {
  return `pipeline ${pipeline}`;
}

/** @returns false where it has a run already */
async function start(ports: ScheduledPorts, pipeline: Pipeline): Promise<boolean> {
  await settleDied(ports, pipeline.name);
  const state = await ports.store.state(pipeline.name);
  try {
    const cursorBefore = state?.cursor ?? null;
    await ports.runs.start(pipeline, { caller: CALLER, startedBy: 'schedule', cursorBefore });
    return true;
  } catch (error) {
    if (error instanceof DataForgeError && error.code === 'pipeline_busy') return false;
    throw error;
  }
}

/** When the last run that succeeded has ended; a backfill is none that others wait for. */
async function lastSuccess(ports: ScheduledPorts, pipeline: string, since: number): Promise<number> {
  const runs = await recallRuns(ports, pipeline, MOST_RUNS);
  return Math.max(since, runs.find(({ state, window }) => state === 'succeeded' && !window)?.endedAt ?? 0);
}

/** When the last file came that nobody writes to any more. */
async function lastFile(
  { sources, clock, folder }: ScheduledPorts,
  { source }: RowPipeline,
  settle: number,
  since: number,
): Promise<number> {
  const found = sources.find(({ kind }) => kind === source.kind);
  const place = { folder, before: clock.now() - settle };
  return Math.max(since, (await found?.lastChange?.(source.options, place)) ?? 0);
}

/** The store's last number, where the dataset has changed since another. */
async function lastChange({ catalog, changes }: ScheduledPorts, name: string, since: number): Promise<number> {
  const { dataset } = catalog.get(name);
  const head = changes.head();
  return (await hasChangedSince(changes, dataset, since)) ? Math.max(since, head) : since;
}
