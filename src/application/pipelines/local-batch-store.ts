import type { Dataset } from '#domain/dataset/dataset.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { PipelineState, SetAsideRow } from '#domain/pipeline/pipeline-state.ts';
import { addCounts, NO_COUNTS, type RunCounts } from '#domain/pipeline/run.ts';
import type { Target } from '#domain/pipeline/target.ts';
import type { DatasetCatalog } from '../datasets/dataset-catalog.ts';
import { Observation } from '../observe.ts';
import type { AdmissionGate } from '../ports/admission-gate.ts';
import type { BatchStore, StoreBatchRequest, StoredBatch } from '../ports/batch-store.ts';
import type { BulkCounts, BulkLoader } from '../ports/bulk-loader.ts';
import type { RecordWriter } from '../ports/record-writer.ts';
import type { SourceRows } from '../ports/source.ts';
import { runGated } from '../records/admission.ts';
import { conflictPolicy } from './conflict-policy.ts';
import { CountedBody } from './counted-body.ts';
import { KeptLines } from './kept-lines.ts';
import { type GrowingPorts, loadGrowing } from './load-growing.ts';
import { readPipelineState, stateMark, writePipelineState } from './pipeline-states.ts';
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

  state(pipeline: string): Promise<PipelineState | null> {
    return readPipelineState(this.#ports.writer, pipeline);
  }

  async store(request: StoreBatchRequest): Promise<StoredBatch> {
    const { pipeline, run, number, behind, rows } = request;
    const kept = await this.state(pipeline.name);
    // A process that ended between two commits may have left rows that are still to be put aside.
    const before = kept && (await settleSetAside(this.#ports, pipeline, kept));
    if (before?.run === run && before.batch >= number) return { state: before, repeated: true };
    if (before?.run !== behind?.run || before?.batch !== behind?.batch) throw overtaken(pipeline.name);
    const counts = before?.run === run ? before.counts : NO_COUNTS;
    const stored = rows === null ? await this.#move(request, counts) : await this.#load(request, rows, counts);
    return { state: await settleSetAside(this.#ports, pipeline, stored), repeated: false };
  }

  /** Moves the cursor alone. */
  async #move(request: StoreBatchRequest, counts: RunCounts): Promise<PipelineState> {
    const state = stateBehind(request, addCounts(counts, { batches: 1 }), []);
    await writePipelineState(this.#ports.writer, request.pipeline.name, state, request);
    return state;
  }

  #load(request: StoreBatchRequest, rows: SourceRows, counts: RunCounts): Promise<PipelineState> {
    const { dataset, contract } = request.pipeline.target;
    const load = (given: SourceRows) => this.#loadOnce(request, given, counts);
    if (contract !== 'evolve') return load(rows);
    return loadGrowing(this.#ports, rows, () => this.#ports.catalog.get(dataset).dataset, load);
  }

  async #loadOnce(request: StoreBatchRequest, rows: SourceRows, counts: RunCounts): Promise<PipelineState> {
    const { catalog, loader, loads } = this.#ports;
    const { pipeline, run, caller, signal } = request;
    const { target } = pipeline;
    const { dataset } = catalog.get(target.dataset);
    requireKey(dataset, target);
    const setsAside = target.contract === 'quarantine';
    const kept = setsAside ? new KeptLines(rows) : null;
    const body = new CountedBody(kept?.body ?? rows.body);
    let state: PipelineState | null = null;
    const stateAfter = (loaded: BulkCounts) => {
      const done = addCounts(counts, { ...countsOf(loaded), batches: 1, bytes: body.bytes });
      state = stateBehind(request, done, kept?.setAside(loaded) ?? []);
      return JSON.stringify(state);
    };
    await runGated(loads, signal, new Observation(), () =>
      loader.load({
        dataset,
        format: rows.format,
        body,
        onInvalid: setsAside ? 'reject' : 'abort',
        onConflict: conflictPolicy(dataset, target),
        removesOthers: target.mode === 'replace',
        marks: [{ ...stateMark(pipeline.name), value: stateAfter }],
        origin: { caller, run },
        returnRecords: false,
        signal,
      }),
    );
    if (state === null) throw new TypeError('the loader has set no mark');
    return state;
  }
}

/** How far a pipeline is behind a batch. */
function stateBehind(
  { pipeline, run, number, cursor }: StoreBatchRequest,
  counts: RunCounts,
  setAside: readonly SetAsideRow[],
): PipelineState {
  return { run, batch: number, cursor: cursor(), source: pipeline.source.kind, counts, setAside };
}

function countsOf({ created, updated, ignored, deleted = 0, rejected }: BulkCounts): Partial<RunCounts> {
  return { created, updated, ignored, deleted, rejected };
}

function overtaken(pipeline: string): DataForgeError {
  const message = `Another run of pipeline "${pipeline}" has stored rows since this one has; this one ends.`;
  return new DataForgeError('pipeline_busy', message);
}

function requireKey({ name, primaryKey }: Dataset, { mode }: Target): void {
  if (mode !== 'upsert' || primaryKey.length > 0) return;
  const message = `The mode upsert needs to know when two rows are the same, and dataset "${name}" has no primary_key; give it one, or append.`;
  throw new DataForgeError('invalid_configuration', message);
}
