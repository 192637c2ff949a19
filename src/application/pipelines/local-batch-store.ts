import type { Dataset } from '#domain/dataset/dataset.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { BackfillWindow } from '#domain/pipeline/backfill.ts';
import type { RowPipeline } from '#domain/pipeline/pipeline.ts';
import type { PipelineState, SetAsideRow } from '#domain/pipeline/pipeline-state.ts';
import { addCounts, NO_COUNTS, type RunCounts } from '#domain/pipeline/run.ts';
import type { Target } from '#domain/pipeline/target.ts';
import type { DatasetCatalog } from '../datasets/dataset-catalog.ts';
import { Observation } from '../observe.ts';
import type { AdmissionGate } from '../ports/admission-gate.ts';
import type { BatchStore, StoreBatchRequest, StoredBatch } from '../ports/batch-store.ts';
import type { BulkCounts, BulkLoader, BulkMark } from '../ports/bulk-loader.ts';
import type { RecordWriter } from '../ports/record-writer.ts';
import type { SourceRows } from '../ports/source.ts';
import { runGated } from '../records/admission.ts';
import { CountedBody } from '../records/counted-body.ts';
import { conflictPolicy } from './conflict-policy.ts';
import { KeptLines } from './kept-lines.ts';
import { type GrowingPorts, loadGrowing } from './load-growing.ts';
import { type ReadPipelineState, readPipelineState, stateMark, writePipelineState } from './pipeline-states.ts';
import { settleSetAside } from './set-aside.ts';

export interface LocalBatchStorePorts extends GrowingPorts {
  readonly catalog: DatasetCatalog;
  readonly writer: RecordWriter;
  readonly loader: BulkLoader;
  /** Loads of whole bodies. */
  readonly loads: AdmissionGate;
}

/** The store of this process. Rows, cursor and counts become durable by the marks of one load. */
export class LocalBatchStore implements BatchStore {
  readonly #ports: LocalBatchStorePorts;

  constructor(ports: LocalBatchStorePorts) {
    this.#ports = ports;
  }

  async state(pipeline: string, window: BackfillWindow | null = null): Promise<PipelineState | null> {
    return (await readPipelineState(this.#ports.writer, pipeline, window)).state;
  }

  async take(
    { name, source }: RowPipeline,
    holder: string,
    caller: string,
    window: BackfillWindow | null = null,
  ): Promise<PipelineState> {
    const { writer } = this.#ports;
    for (;;) {
      const { state, guards } = await readPipelineState(writer, name, window);
      const beside = window && placeOf((await readPipelineState(writer, name)).state);
      const taken = { ...(state ?? beginning(source.kind)), holder, ...(beside !== null && { beside }) };
      try {
        await writePipelineState(writer, name, taken, { caller, guards, window });
        return taken;
      } catch (error) {
        if (!(error instanceof DataForgeError) || error.code !== 'version_moved') throw error;
      }
    }
  }

  /** @param marks what else becomes durable with the rows, where there are some */
  async store(request: StoreBatchRequest, marks: readonly BulkMark[] = []): Promise<StoredBatch> {
    const { pipeline, run, number, rows, holder, window = null } = request;
    let before = await readPipelineState(this.#ports.writer, pipeline.name, window);
    if (before.state?.holder !== holder) throw taken(pipeline);
    if (before.state.setAside.length > 0) {
      // A process that ended between two commits has left rows that are still to be put aside.
      await settleSetAside(this.#ports, pipeline, before.state, window);
      before = await readPipelineState(this.#ports.writer, pipeline.name, window);
    }
    const { state } = before;
    if (state !== null && state.run === run && state.batch >= number) return { state, repeated: true };
    const stored = rows === null ? await this.#move(request, before) : await this.#load(request, rows, before, marks);
    return { state: await settleSetAside(this.#ports, pipeline, stored, window), repeated: false };
  }

  /** Moves the cursor alone. */
  async #move(request: StoreBatchRequest, before: ReadPipelineState): Promise<PipelineState> {
    const state = stateBehind(request, before, addCounts(countsBefore(request, before), { batches: 1 }), []);
    const { caller, window = null } = request;
    await writePipelineState(this.#ports.writer, request.pipeline.name, state, {
      caller,
      guards: before.guards,
      window,
    });
    return state;
  }

  #load(
    request: StoreBatchRequest,
    rows: SourceRows,
    before: ReadPipelineState,
    marks: readonly BulkMark[],
  ): Promise<PipelineState> {
    const { dataset, contract } = request.pipeline.target;
    const load = (given: SourceRows) => this.#loadOnce(request, given, before, marks);
    if (contract !== 'evolve') return load(rows);
    return loadGrowing(this.#ports, rows, () => this.#ports.catalog.get(dataset).dataset, load);
  }

  async #loadOnce(
    request: StoreBatchRequest,
    rows: SourceRows,
    before: ReadPipelineState,
    marks: readonly BulkMark[],
  ): Promise<PipelineState> {
    const { catalog, loader, loads } = this.#ports;
    const { pipeline, run, caller, signal, window = null } = request;
    const { target } = pipeline;
    const guards = [...before.guards, ...(await this.#ordinaryGuards(request, before))];
    const { dataset } = catalog.getWritable(target.dataset);
    requireKey(dataset, target);
    const setsAside = target.contract === 'quarantine';
    const kept = setsAside ? new KeptLines(rows) : null;
    const body = new CountedBody(kept?.body ?? rows.body);
    let state: PipelineState | null = null;
    const stateAfter = (loaded: BulkCounts) => {
      const done = addCounts(countsBefore(request, before), { ...countsOf(loaded), batches: 1, bytes: body.bytes });
      state = stateBehind(request, before, done, kept?.setAside(loaded) ?? []);
      return JSON.stringify(state);
    };
    const load = () =>
      loader.load({
        dataset,
        format: rows.format,
        body,
        onInvalid: setsAside ? 'reject' : 'abort',
        onConflict: conflictPolicy(dataset, target, window),
        removesOthers: target.mode === 'replace',
        marks: [{ ...stateMark(pipeline.name, window), value: stateAfter }, ...marks],
        guards,
        origin: { caller, run },
        returnRecords: false,
        signal,
      });
    try {
      await runGated(loads, signal, new Observation(), load);
    } catch (error) {
      throw window !== null && isMoved(error) && (await this.#isHeld(request)) ? overtaken(pipeline) : error;
    }
    if (state === null) throw new TypeError('the loader has set no mark');
    return state;
  }

  /** Whether nobody else has taken the backfill since. */
  async #isHeld({ pipeline, holder, window = null }: StoreBatchRequest): Promise<boolean> {
    return (await this.state(pipeline.name, window))?.holder === holder;
  }

  /**
   * What must not have moved when rows of a backfill are stored: where the ordinary runs stand. A row that they have
   * fetched since is newer than what the backfill has read of it.
   * @throws DataForgeError `pipeline_busy` where they have gone on since
   */
  async #ordinaryGuards({ pipeline, window = null }: StoreBatchRequest, { state }: ReadPipelineState) {
    if (window === null || pipeline.target.mode !== 'upsert') return [];
    const ordinary = await readPipelineState(this.#ports.writer, pipeline.name);
    if (placeOf(ordinary.state) !== state?.beside) throw overtaken(pipeline);
    return ordinary.guards;
  }
}

/** Where ordinary runs stand, as a text to compare. */
function placeOf(state: PipelineState | null): string {
  return JSON.stringify(state?.cursor ?? null);
}

function isMoved(error: unknown): boolean {
  return error instanceof DataForgeError && error.code === 'version_moved';
}

function overtaken({ name }: RowPipeline): DataForgeError {
  const message = `Pipeline "${name}" has gone on while rows of its backfill were read, which are read once more.`;
  return new DataForgeError('pipeline_busy', message);
}

/** Of a pipeline that has stored nothing yet. */
function beginning(source: string): Omit<PipelineState, 'holder'> {
  return { run: null, batch: 0, cursor: null, source, counts: NO_COUNTS, setAside: [] };
}

/** What the run of a batch has done before it. */
function countsBefore({ run }: StoreBatchRequest, { state }: ReadPipelineState): RunCounts {
  return state?.run === run ? state.counts : NO_COUNTS;
}

function taken({ name }: RowPipeline): DataForgeError {
  return new DataForgeError(
    'version_moved',
    `Another worker has gone on with pipeline "${name}" meanwhile; this one stops.`,
  );
}

/** How far a pipeline is behind a batch. */
function stateBehind(
  { pipeline, run, number, cursor, holder }: StoreBatchRequest,
  { state }: ReadPipelineState,
  counts: RunCounts,
  setAside: readonly SetAsideRow[],
): PipelineState {
  const { beside } = state ?? {};
  const behind = { holder, run, batch: number, cursor: cursor(), source: pipeline.source.kind, counts, setAside };
  return beside === undefined ? behind : { ...behind, beside };
}

/** What a load has done, as a run counts it. */
export function countsOf({ created, updated, ignored, deleted = 0, rejected }: BulkCounts): Partial<RunCounts> {
  return { created, updated, ignored, deleted, rejected };
}

function requireKey({ name, primaryKey }: Dataset, { mode }: Target): void {
  if (mode !== 'upsert' || primaryKey.length > 0) return;
  const message = `The mode upsert needs to know when two rows are the same, and dataset "${name}" has no primary_key; give it one, or append.`;
  throw new DataForgeError('invalid_configuration', message);
}
