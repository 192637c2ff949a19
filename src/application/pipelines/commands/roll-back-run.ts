import type { Dataset } from '#domain/dataset/dataset.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { PipelineState } from '#domain/pipeline/pipeline-state.ts';
import type { PipelineRun } from '#domain/pipeline/run.ts';
import type { Change, Mark } from '#domain/record/change.ts';
import { type TouchedRecord, undoingRun } from '#domain/record/run-work.ts';
import type { Call } from '../../call.ts';
import type { DatasetCatalog } from '../../datasets/dataset-catalog.ts';
import type { Clock } from '../../ports/clock.ts';
import type { RecordWriter } from '../../ports/record-writer.ts';
import type { RunLog } from '../../ports/run-log.ts';
import { openDataset } from '../../records/open-dataset.ts';
import type { PipelineCatalog } from '../pipeline-catalog.ts';
import { stateMark } from '../pipeline-states.ts';
import { type RecallPorts, recallRun } from '../recall-runs.ts';

interface RollBackPorts extends RecallPorts {
  readonly catalog: DatasetCatalog;
  readonly pipelines: PipelineCatalog;
  readonly changes: RunLog;
  readonly writer: RecordWriter;
  readonly clock: Clock;
}

export interface RolledBack {
  readonly run: PipelineRun;
  /** Records that were deleted, or have their former values again. */
  readonly records: number;
  /** The pipeline goes on where it was before the run; not so where other runs have come since. */
  readonly cursorReset: boolean;
}

/** Records that are undone in one commit. */
const RECORDS_A_COMMIT = 100_000;
const SHOWN_RECORDS = 1000;

/**
 * Undoes what a run did: records it made go, records it changed or deleted return. It is refused where later work stands on
 * them. The last commit also brings the pipeline back to where it was before, so that the rows can be fetched again, and takes it
 * from whoever stores its batches.
 */
export function rollBackRun(ports: RollBackPorts) {
  return async ({ id }: { readonly id: string }, call: Call): Promise<RolledBack> => {
    const { catalog, runs, history, store, clock } = ports;
    const run = await recallRun(ports, id);
    if (run.dataset === null) throw nothingToUndo(run);
    const { dataset } = openDataset(catalog, run.dataset, call, 'write');
    if ((await runs.find(run.pipeline)) !== null || (await runs.findBackfill(run.pipeline)) !== null) {
      const message = `Pipeline "${run.pipeline}" has a run under way; wait for its end, or cancel it.`;
      throw new DataForgeError('pipeline_busy', message);
    }
    const state = await store.state(run.pipeline, run.window);
    const holder = crypto.randomUUID();
    const reset = state?.run === id ? { ...state, holder, batch: 0, cursor: run.cursorBefore, setAside: [] } : null;
    const aside = setAsideDataset(ports, run);
    const undo = new Undo(ports, id, call);
    await undo.refuseOvertaken(dataset);
    if (aside !== null) await undo.undo(aside, null);
    await undo.undo(dataset, reset && { mark: stateMark(run.pipeline, run.window), state: reset });
    const rolledBack = { ...run, rolledBackAt: clock.now() };
    await history.put(rolledBack);
    return { run: rolledBack, records: undo.records, cursorReset: reset !== null };
  };
}

/** The dataset for rows set aside, where the pipeline is still there and has one. */
function setAsideDataset({ catalog, pipelines }: RollBackPorts, run: PipelineRun): Dataset | null {
  const pipeline = pipelines.list().find(({ name }) => name === run.pipeline);
  const quarantine = pipeline?.kind === 'rows' ? pipeline.target.quarantine : null;
  return catalog.list().find(({ name }) => name === quarantine) ?? null;
}

function nothingToUndo({ pipeline }: PipelineRun): DataForgeError {
  const message = `The run is one of the job of pipeline "${pipeline}", which stores no rows that could be undone.`;
  return new DataForgeError('invalid_parameter', message);
}

class Undo {
  records = 0;
  readonly #ports: RollBackPorts;
  readonly #run: string;
  readonly #call: Call;

  constructor(ports: RollBackPorts, run: string, call: Call) {
    this.#ports = ports;
    this.#run = run;
    this.#call = call;
  }

  /** @throws DataForgeError `later_work` */
  async refuseOvertaken(dataset: Dataset): Promise<void> {
    const { overtaken } = await this.#read(dataset, SHOWN_RECORDS);
    if (overtaken.length === 0) return;
    const message = `${overtaken.length === 1 ? 'One record' : `${overtaken.length} records`} of the run have been changed or deleted since, and going back would lose that; the first is ${overtaken[0]}. Nothing was changed.`;
    throw new DataForgeError('later_work', message, { details: { dataset: dataset.name, records: overtaken } });
  }

  /** Undoes the run's work on a dataset; `reset` becomes true in the last commit. */
  async undo(
    dataset: Dataset,
    reset: { readonly mark: ReturnType<typeof stateMark>; readonly state: PipelineState } | null,
  ): Promise<void> {
    for (let isLast = false; !isLast; ) {
      const { touched } = await this.#read(dataset, RECORDS_A_COMMIT);
      isLast = touched.length < RECORDS_A_COMMIT;
      const marks = isLast && reset !== null ? [{ ...reset.mark, value: JSON.stringify(reset.state) }] : [];
      await this.#commit(undoingChanges(dataset, touched), marks);
      this.records += touched.length;
    }
  }

  #read(dataset: Dataset, limit: number) {
    return this.#ports.changes.readRun({ dataset, run: this.#run, limit, signal: this.#call.signal });
  }

  async #commit(changes: readonly Change[], marks: readonly Mark[]): Promise<void> {
    const origin = { caller: this.#call.caller.name, run: undoingRun(this.#run) };
    const [outcome] = await this.#ports.writer.commit([{ changes, marks, origin }]);
    if (outcome === undefined || outcome.ok) return;
    const { error } = outcome;
    if (!(error instanceof DataForgeError) || !['version_moved', 'unknown_record', 'key_exists'].includes(error.code)) {
      throw error;
    }
    throw new DataForgeError('later_work', `A record stands in the way of going back: ${error.message}`, {
      cause: error,
    });
  }
}

/** What gives each record the form it had: room is made before anything takes it. */
function undoingChanges(dataset: Dataset, touched: readonly TouchedRecord[]): readonly Change[] {
  const deletes: Change[] = [];
  const replaces: Change[] = [];
  const creates: Change[] = [];
  for (const { id, version, before } of touched) {
    if (before === null) deletes.push({ kind: 'delete', dataset, id, ifVersion: version });
    else if (version !== null) replaces.push({ kind: 'replace', dataset, id, row: before.row, ifVersion: version });
    else creates.push({ kind: 'create', dataset, row: before.row, id, onConflict: 'error' });
  }
  return [...deletes, ...replaces, ...creates];
}
