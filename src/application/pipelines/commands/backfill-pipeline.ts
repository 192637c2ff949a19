import type { Dataset } from '#domain/dataset/dataset.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { BackfillWindow } from '#domain/pipeline/backfill.ts';
import type { RowPipeline } from '#domain/pipeline/pipeline.ts';
import type { PipelineRun } from '#domain/pipeline/run.ts';
import type { Call } from '../../call.ts';
import { requireRight } from '../../caller.ts';
import type { DatasetCatalog } from '../../datasets/dataset-catalog.ts';
import type { Source } from '../../ports/source.ts';
import { openDataset } from '../../records/open-dataset.ts';
import type { PipelineCatalog } from '../pipeline-catalog.ts';
import { type RecallPorts, recallRun, settleDied } from '../recall-runs.ts';

interface BackfillPorts extends RecallPorts {
  readonly catalog: DatasetCatalog;
  readonly pipelines: PipelineCatalog;
  readonly sources: readonly Source[];
}

export interface BackfillRequest extends BackfillWindow {
  readonly pipeline: string;
  /** Milliseconds to wait for its end. */
  readonly wait: number;
}

/**
 * Begins a run that reads a window of values of the field by which a pipeline reads what is new. It has a progress of its
 * own, by the window, so that where the ordinary runs stand is not touched; asked for once more after it broke off, it goes
 * on there.
 */
export function backfillPipeline(ports: BackfillPorts) {
  const { catalog, pipelines, runs, store } = ports;
  return async ({ pipeline: name, from, to, wait }: BackfillRequest, call: Call): Promise<PipelineRun> => {
    requireRight(call.caller, 'write');
    const pipeline = pipelines.getRows(name);
    const { dataset } = openDataset(catalog, pipeline.target.dataset, call, 'write');
    const window = { from, to };
    refuseUnreadable(ports.sources, pipeline);
    refuseDoubled(pipeline, dataset);
    refuseEmpty(window);
    await settleDied(ports, name);
    const state = await store.state(name, window);
    const { caller, observation } = call;
    const run = await runs.start(pipeline, {
      caller: caller.name,
      startedBy: 'request',
      cursorBefore: state?.cursor ?? null,
      window,
      traceParent: observation.traceParent,
    });
    if (wait === 0) return run;
    await runs.settled(run.id, wait, call.signal);
    return recallRun(ports, run.id);
  };
}

function refuseUnreadable(sources: readonly Source[], { name, source: { kind, options } }: RowPipeline): void {
  const source = sources.find((candidate) => candidate.kind === kind);
  if (source?.windowField === undefined) {
    const able = sources.flatMap((candidate) => (candidate.windowField === undefined ? [] : candidate.kind));
    throw refused(`Pipeline "${name}" reads from ${kind}, which cannot be asked for a window; ${able.join(', ')} can.`);
  }
  if (source.windowField(options) === null) {
    throw refused(
      `Pipeline "${name}" has no incremental field, by which a window could be read; its runs read all rows anyway.`,
    );
  }
}

/** Rows that are there already must be known again. */
function refuseDoubled({ name, target }: RowPipeline, { primaryKey }: Dataset): void {
  if (target.mode === 'replace') {
    throw refused(
      `Pipeline "${name}" replaces all rows with those of a run, and a backfill has only some; give it mode: upsert.`,
    );
  }
  if (primaryKey.length > 0) return;
  const message = `Pipeline "${name}" appends to a dataset without primary_key, so that nobody can tell which rows of the window are there already.`;
  throw refused(message);
}

function refuseEmpty({ from, to }: BackfillWindow): void {
  const [first, last] = [from, to].map((text) => (/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : Date.parse(text)));
  if (from !== to && !((first ?? 0) >= (last ?? 0))) return;
  throw refused(`The window from ${from} to ${to} is empty; from is in it and to is behind it.`);
}

function refused(message: string): DataForgeError {
  return new DataForgeError('invalid_parameter', message);
}
