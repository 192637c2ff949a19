import type { AnalysisColumn } from '#domain/analysis/column.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { BackfillWindow } from '#domain/pipeline/backfill.ts';
import type { Cursor } from '#domain/pipeline/cursor.ts';
import type { PipelineState } from '#domain/pipeline/pipeline-state.ts';
import type { PipelineRun } from '#domain/pipeline/run.ts';
import { isUuid } from '#domain/record/id.ts';
import { datasetColumns } from '../analysis/dataset-input.ts';
import type { DatasetVersions } from '../analysis/dataset-versions.ts';
import type { Call } from '../call.ts';
import { requireRight } from '../caller.ts';
import type { DatasetCatalog } from '../datasets/dataset-catalog.ts';
import type { BatchStore, StoredBatch } from '../ports/batch-store.ts';
import type { PipelineFile, PipelineFiles } from '../ports/pipeline-files.ts';
import type { RunHistory } from '../ports/run-history.ts';
import type { SourceRows } from '../ports/source.ts';
import { openDataset } from '../records/open-dataset.ts';
import type { PipelineCatalog } from './pipeline-catalog.ts';

interface WorkerPorts {
  readonly catalog: DatasetCatalog;
  readonly files: PipelineFiles | null;
  readonly pipelines: PipelineCatalog;
  readonly store: BatchStore;
  readonly history: RunHistory;
  readonly versions: DatasetVersions;
}

/** What a worker needs to begin: the pipeline's file, and how far the pipeline has come. */
export function getPipelineWork({ files, pipelines, store }: WorkerPorts) {
  return async (
    { name, window }: { readonly name: string; readonly window: BackfillWindow | null },
    call: Call,
  ): Promise<{ readonly file: PipelineFile | null; readonly state: PipelineState | null }> => {
    requireRight(call.caller, 'write');
    pipelines.get(name);
    return { file: (await files?.fileOf(name)) ?? null, state: await store.state(name, window) };
  };
}

export interface TakeRequest {
  readonly name: string;
  readonly holder: string;
  readonly caller: string;
  /** Of a backfill. */
  readonly window: BackfillWindow | null;
}

/** Makes a worker the only one whose batches of a pipeline are stored. */
export function takePipeline({ pipelines, store }: WorkerPorts) {
  return async ({ name, holder, caller, window }: TakeRequest, call: Call): Promise<PipelineState> => {
    requireRight(call.caller, 'write');
    return store.take(pipelines.getRows(name), holder, caller, window);
  };
}

export interface BatchOfWorker {
  readonly name: string;
  readonly run: string;
  readonly number: number;
  readonly holder: string;
  readonly caller: string;
  /** The cursor that is true once the rows are stored; asked for when they have been read to their end. */
  readonly cursor: () => Cursor | null;
  readonly window: BackfillWindow | null;
  readonly rows: SourceRows | null;
}

/**
 * Stores a batch that a worker elsewhere has fetched; one that is sent again is answered and not stored again.
 * @throws DataForgeError `invalid_parameter` for a number that no batch has, and as `BatchStore.store`
 */
export function storeBatch({ catalog, pipelines, store }: WorkerPorts) {
  return async ({ name, ...batch }: BatchOfWorker, call: Call): Promise<StoredBatch> => {
    if (!Number.isSafeInteger(batch.number) || batch.number < 1) {
      throw new DataForgeError('invalid_parameter', 'The number of a batch is a whole number from 1.');
    }
    const pipeline = pipelines.getRows(name);
    openDataset(catalog, pipeline.target.dataset, call, 'write');
    return store.store({ ...batch, pipeline, signal: call.signal });
  };
}

/** A dataset as a worker elsewhere has to know it to join it. */
export interface JoinableDataset {
  readonly name: string;
  readonly columns: readonly AnalysisColumn[];
  /** Another one after each change of its rows. */
  readonly version: number;
}

/** What transforms may join; whoever reads rows after he has asked reads those of the version, or later ones. */
export function listJoinable({ catalog, versions }: WorkerPorts) {
  return async (_request: Record<never, never>, call: Call): Promise<readonly JoinableDataset[]> => {
    requireRight(call.caller, 'read');
    return catalog.list().map((dataset) => {
      return { name: dataset.name, columns: datasetColumns(dataset), version: versions.of(dataset.name) };
    });
  };
}

/** A run as its worker keeps it. */
export function getKeptRun({ history }: WorkerPorts) {
  return async ({ id }: { readonly id: string }, call: Call): Promise<PipelineRun | null> => {
    requireRight(call.caller, 'write');
    return history.get(id);
  };
}

/** The last runs of a pipeline as their workers keep them, the newest first. */
export function listKeptRuns({ history, pipelines }: WorkerPorts) {
  return async (
    { name, limit }: { readonly name: string; readonly limit: number },
    call: Call,
  ): Promise<readonly PipelineRun[]> => {
    requireRight(call.caller, 'write');
    pipelines.get(name);
    return history.list(name, limit);
  };
}

export function keepRun({ history, pipelines }: WorkerPorts) {
  return async ({ run }: { readonly run: PipelineRun }, call: Call): Promise<void> => {
    requireRight(call.caller, 'write');
    pipelines.get(run.pipeline);
    if (!isUuid(run.id)) throw new DataForgeError('invalid_parameter', 'The id of a run must be a UUID.');
    await history.put(run);
  };
}
